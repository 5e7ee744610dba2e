/** The steps of a script that ask the client something. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { RequestError, type ToolCallUpdate } from '@agentclientprotocol/sdk';
import { formSchema } from './formField.ts';
import type { PermissionStep, Step } from './script.ts';
import type { Handlers, ScriptRun } from './scriptRun.ts';

type ElicitStep = Extract<Step, { do: 'elicit' }>;

export const questionSteps: Handlers<'permission' | 'elicit' | 'request' | 'notify'> = {
  permission: async (run, step) => {
    const answered = askPermission(run, step);
    if (!step.background) return answered;
    // Whoever waits for it hears of a failure; a turn that is cancelled before does not wait.
    answered.catch(() => undefined);
    run.background.push(answered);
  },
  elicit: async (run, step) => {
    const { elicitation } = run.turn.clientCapabilities;
    if (!elicitation?.[step.mode]) {
      run.outcome = ['unsupported'];
      await run.turn.say(`elicitation: the client does not support ${step.mode}`);
      return;
    }
    await elicit(run, step);
  },
  request: async ({ turn }, { method, params }) => {
    const request = turn.client.request(method, { sessionId: turn.session.sessionId, ...params });
    const answer = await turn.unlessCancelled(
      request.then(
        (result) => `result ${JSON.stringify(result)}`,
        (error: unknown) => `error ${describeError(error)}`,
      ),
    );
    await turn.say(`${method}: ${answer}`);
  },
  notify: ({ turn }, { method, params }) =>
    turn.client.notify(method, { sessionId: turn.session.sessionId, ...params }),
};

async function askPermission(run: ScriptRun, step: PermissionStep): Promise<void> {
  const { turn } = run;
  const toolCall = describeToolCall(turn.session.cwd, step);
  if (step.withToolCall) {
    const { toolCallId, title, kind, content, locations, rawInput } = toolCall;
    await turn.update({
      sessionUpdate: 'tool_call',
      toolCallId,
      title: title ?? step.title,
      status: 'pending',
      ...(kind ? { kind } : {}),
      ...(content ? { content } : {}),
      ...(locations ? { locations } : {}),
      ...(rawInput === undefined ? {} : { rawInput }),
    });
  }
  const withdraw = step.cancelAfterMs === undefined ? undefined : AbortSignal.timeout(step.cancelAfterMs);
  let status: 'completed' | 'failed' = 'failed';
  try {
    const choice = await turn.ask(toolCall, step.options, withdraw);
    if (choice === undefined) {
      run.outcome = ['cancelled'];
    } else {
      const allowed = choice.kind.startsWith('allow');
      run.outcome = [allowed ? 'allow' : 'reject', choice.kind, choice.optionId];
      if (allowed) status = 'completed';
    }
  } catch (error) {
    turn.signal.throwIfAborted();
    const withdrawn = error instanceof RequestError && error.code === -32800;
    run.outcome = withdrawn ? ['cancelled'] : ['error'];
    if (!withdrawn) await turn.say(`permission: error ${describeError(error)}`);
  }
  await turn.updateTool(toolCall.toolCallId, { status });
}

function describeToolCall(cwd: string, step: PermissionStep): ToolCallUpdate {
  const file = step.path === undefined ? undefined : path.resolve(cwd, step.path);
  return {
    toolCallId: randomUUID(),
    title: step.title,
    kind: step.kind,
    ...(step.command === undefined ? {} : { rawInput: { command: step.command } }),
    ...(file === undefined ? {} : { locations: [{ path: file }] }),
    ...(file === undefined || step.diff === undefined
      ? {}
      : {
          content: [
            { type: 'diff', path: file, oldText: step.diff.oldText ?? null, newText: step.diff.newText },
          ],
        }),
  };
}

async function elicit(run: ScriptRun, step: ElicitStep): Promise<void> {
  const { turn } = run;
  const { sessionId } = turn.session;
  const elicitationId = randomUUID();
  const answer = await turn.unlessCancelled(
    turn.client.request(
      'elicitation/create',
      step.mode === 'form'
        ? { sessionId, mode: 'form', message: step.message, requestedSchema: formSchema(step.fields) }
        : { sessionId, mode: 'url', message: step.message, url: step.url, elicitationId },
    ),
  );
  run.outcome = [answer.action];
  const content = 'content' in answer ? ` ${JSON.stringify(answer.content)}` : '';
  await turn.say(`elicitation: ${answer.action}${content}`);
  if (step.mode === 'url' && answer.action === 'accept') {
    await turn.client.notify('elicitation/complete', { elicitationId });
  }
}

function describeError(error: unknown): string {
  return error instanceof RequestError ? `${error.code} ${error.message}` : String(error);
}
