import * as v from 'valibot';
import { querySchemas } from '../../api/contract.ts';
import { insightUiCommands, type InsightAppMessage } from '../insightProtocol.ts';
import { refusedMessage, requestId, userAction, type ReadMessage } from './messages.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
const { before, limit } = querySchemas['task.timeline'].entries;

function request<N extends string, T>(name: N, input: v.GenericSchema<unknown, T>) {
  return v.object({ type: v.literal('request'), id: requestId, name: v.literal(name), input });
}

const appMessage: v.GenericSchema<unknown, InsightAppMessage> = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.variant('name', [
    request('statistics', querySchemas.statistics),
    request('exportCsv', querySchemas.statistics),
    request('timeline', v.object({ before, limit })),
    request('openRun', v.object({ runId: id, at: v.pipe(v.number(), v.integer(), v.minValue(0)) })),
    request('uiCommand', v.object({ command: v.picklist(insightUiCommands) })),
    request('runAction', v.object({ action: userAction })),
  ]),
]);

/** Checks what a page has sent. Nothing that does not pass is acted on. */
export function readInsightMessage(data: unknown): ReadMessage<InsightAppMessage> {
  const parsed = v.safeParse(appMessage, data);
  if (parsed.success) return { ok: true, message: parsed.output };
  const envelope = v.safeParse(v.object({ id: requestId }), data);
  return refusedMessage(parsed.issues, envelope.success ? envelope.output.id : null);
}
