import * as v from 'valibot';
import { commandSchemas } from '../../api/contract.ts';
import { runUiCommands, type ExecuteInput, type RunAppMessage, type RunViewCommand } from '../runProtocol.ts';
import { draftSchema } from './runDrafts.ts';
import { refusedMessage, requestId, userAction, type ReadMessage } from './messages.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
const seq = v.pipe(v.number(), v.integer(), v.minValue(0));
const index = v.pipe(v.number(), v.integer(), v.minValue(0));
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const entry = v.object({ runId: id, seq });

function execute<C extends RunViewCommand>(command: C) {
  const input: (typeof commandSchemas)[C] = commandSchemas[command];
  return v.object({ command: v.literal(command), input });
}

const executeInput: v.GenericSchema<unknown, ExecuteInput> = v.variant('command', [
  execute('task.start'),
  execute('task.stop'),
  execute('prompt.send'),
  execute('prompt.update'),
  execute('prompt.place'),
  execute('prompt.remove'),
  execute('prompt.sendNow'),
  execute('permission.answer'),
  execute('run.setOption'),
]);

function request<N extends string, T>(name: N, input: v.GenericSchema<unknown, T>) {
  return v.object({ type: v.literal('request'), id: requestId, name: v.literal(name), input });
}

const appMessage: v.GenericSchema<unknown, RunAppMessage> = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('saveDraft'), draft: draftSchema }),
  v.variant('name', [
    request('execute', executeInput),
    request('older', v.object({ before: v.object({ runId: id, seq: v.nullable(seq) }) })),
    request('raw', entry),
    request(
      'openDiff',
      v.variant('of', [
        v.object({ of: v.literal('tool'), entry, index }),
        v.object({ of: v.literal('permission'), requestId: id, index }),
      ]),
    ),
    request('openFile', v.object({ path, line: v.nullable(index) })),
    request('openLink', v.object({ href: v.pipe(v.string(), v.maxLength(10_000)) })),
    request('files', v.object({ query: v.pipe(v.string(), v.maxLength(500)) })),
    request('dropped', v.object({ uris: v.pipe(v.array(path), v.maxLength(100)) })),
    request('addPicture', v.omit(commandSchemas['picture.add'], ['taskId'])),
    request('choosePictures', v.object({})),
    request('picture', v.object({ pictureId: id })),
    request('runAction', v.object({ action: userAction })),
    request('uiCommand', v.object({ command: v.picklist(runUiCommands) })),
  ]),
]);

/** Checks what a run's page has sent. Nothing that does not pass is acted on. */
export function readRunMessage(data: unknown): ReadMessage<RunAppMessage> {
  const parsed = v.safeParse(appMessage, data);
  if (parsed.success) return { ok: true, message: parsed.output };
  const envelope = v.safeParse(v.object({ id: requestId }), data);
  return refusedMessage(parsed.issues, envelope.success ? envelope.output.id : null);
}
