/** Carries out a script. What each step is for stands in README.md. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SessionUpdate, StopReason, ToolCallContent } from '@agentclientprotocol/sdk';
import { faultSteps } from './faults.ts';
import { questionSteps } from './questions.ts';
import type { Problem, Step, ToolStep } from './script.ts';
import type { Handlers, ScriptRun } from './scriptRun.ts';
import { configOptions, setConfigOption, setMode, slashCommands } from './settings.ts';
import { runTerminal } from './terminal.ts';
import { toolSteps } from './toolSteps.ts';
import { runTour } from './tour.ts';
import type { Turn } from './turn.ts';

/** Runs the steps in order and ends the turn where `stop` says so, else with `end_turn`. */
export async function runScript(turn: Turn, steps: readonly Step[]): Promise<StopReason> {
  const run: ScriptRun = { turn, outcome: [], background: [], stopReason: undefined };
  for (const step of steps) {
    await runStep(run, step);
    if (run.stopReason !== undefined) break;
  }
  await waitForAnswers(run);
  return run.stopReason ?? 'end_turn';
}

/** Tells the author of a script what is wrong with it. */
export async function reportProblems(turn: Turn, problems: readonly Problem[]): Promise<void> {
  const lines = problems.map(({ line, message }) => `- line ${line}: ${message}`);
  await turn.say(`I cannot run this script, so I have done none of it:\n\n${lines.join('\n')}`);
}

async function runStep(run: ScriptRun, step: Step): Promise<void> {
  run.turn.signal.throwIfAborted();
  // The table holds for each name the handler of that very step, which TypeScript cannot follow through an index.
  const handler = handlers[step.do] as (run: ScriptRun, step: Step) => Promise<void>;
  await handler(run, step);
}

async function waitForAnswers(run: ScriptRun): Promise<void> {
  await Promise.all(run.background.splice(0));
}

const handlers: Handlers<Step['do']> = {
  ...faultSteps,
  ...questionSteps,
  ...toolSteps,
  on: async (run, { outcome, step }) => {
    if (run.outcome.includes(outcome)) await runStep(run, step);
  },
  wait: waitForAnswers,
  message: ({ turn }, { text }) => turn.say(text),
  thought: ({ turn }, { text }) => turn.think(text),
  plan: ({ turn }, { entries }) => turn.update({ sessionUpdate: 'plan', entries }),
  tool: showTool,
  write: writeForReal,
  terminal: ({ turn }, { command, style, killWhenPrinted }) =>
    runTerminal(turn, command, style, killWhenPrinted),
  delay: ({ turn }, { ms }) => turn.sleep(ms),
  stream: async ({ turn }, { count, everyMs }) => {
    for (let index = 1; index <= count; index += 1) {
      await turn.update(chunk(`chunk ${index} of ${count}\n`));
      if (everyMs > 0) await turn.sleep(everyMs);
    }
  },
  burst: async ({ turn }, { count }) => {
    const sent = Array.from({ length: count }, (_, index) =>
      turn.send(chunk(`update ${index + 1} of ${count}\n`)),
    );
    await Promise.all(sent);
  },
  late: ({ turn }, { ms, text }) => {
    turn.afterEnd.push(async () => {
      await turn.sleep(ms);
      await turn.say(text);
    });
    return Promise.resolve();
  },
  usage: ({ turn }, { used, size, cost, tokens }) => {
    turn.tokens.input += tokens;
    const price = cost === undefined ? {} : { cost: { amount: cost, currency: 'USD' } };
    return turn.update({ sessionUpdate: 'usage_update', used, size, ...price });
  },
  mode: ({ turn }, { id }) =>
    setMode(turn.session, id)
      ? turn.update({ sessionUpdate: 'current_mode_update', currentModeId: id })
      : turn.say(`There is no mode "${id}".`),
  config: ({ turn }, { id, value }) =>
    setConfigOption(turn.session, id, value)
      ? turn.update({
          sessionUpdate: 'config_option_update',
          configOptions: configOptions(turn.session, turn.knowsBooleans),
        })
      : turn.say(`There is no option "${id}" with the value "${value}".`),
  commands: ({ turn }, { names }) => {
    const added = names.map((name) => ({ name, description: `The command ${name} of a script` }));
    const availableCommands = [...slashCommands, ...added];
    return turn.update({ sessionUpdate: 'available_commands_update', availableCommands });
  },
  title: async ({ turn }, { text }) => {
    turn.session.title = text;
    await turn.update({ sessionUpdate: 'session_info_update', title: text });
  },
  // Anything goes, also what no client knows: that is what the step is for.
  update: ({ turn }, { json }) => turn.update(json as SessionUpdate),
  prompt: ({ turn }) => turn.say(`prompt: ${turn.attached.join('; ') || 'text only'}`),
  session: ({ turn }) => turn.say(`session: ${JSON.stringify(turn.opening)}`),
  env: ({ turn }, { name }) => turn.say(`${name} is ${process.env[name] === undefined ? 'not set' : 'set'}`),
  stderr: async (_run, { text }) => {
    await new Promise<void>((resolve) => {
      process.stderr.write(`${text}\n`, () => {
        resolve();
      });
    });
  },
  stop: (run, { reason }) => {
    // Any word: clients must live with reasons they do not know.
    run.stopReason = reason as StopReason;
    return Promise.resolve();
  },
  speed: ({ turn }, { factor }) => {
    turn.speed = factor;
    return Promise.resolve();
  },
  tour: ({ turn }) => runTour(turn, turn.session.memory.task ?? 'Show what a run looks like.'),
};

function chunk(text: string): SessionUpdate {
  return { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } };
}

const kindsWithPath = new Set(['read', 'edit', 'delete', 'move']);

/** Shows a tool call of any kind, which does nothing but read the file when its kind is `read`. */
async function showTool({ turn }: ScriptRun, step: ToolStep): Promise<void> {
  const file = path.resolve(turn.session.cwd, step.target);
  const line = step.line === undefined ? {} : { line: step.line };
  const toolCallId = await turn.beginTool({
    title: step.title ?? `${step.kind} ${step.target}`,
    kind: step.kind,
    ...(kindsWithPath.has(step.kind) ? { locations: [{ path: file, ...line }] } : {}),
  });
  const content = await toolContent(file, step);
  await turn.updateTool(toolCallId, {
    status: step.failed || content === undefined ? 'failed' : 'completed',
    ...(content === undefined ? {} : { content: [content] }),
  });
}

async function toolContent(file: string, step: ToolStep): Promise<ToolCallContent | undefined> {
  if (step.diff !== undefined) {
    return { type: 'diff', path: file, oldText: step.diff.oldText ?? null, newText: step.diff.newText };
  }
  if (step.kind !== 'read') return { type: 'content', content: { type: 'text', text: step.target } };
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : { type: 'content', content: { type: 'text', text } };
}

/** Writes a file as an edit tool call with a diff, replacing what was there. */
async function writeForReal({ turn }: ScriptRun, step: { path: string; text: string }): Promise<void> {
  const file = path.resolve(turn.session.cwd, step.path);
  const oldText = await readFile(file, 'utf8').catch(() => null);
  const toolCallId = await turn.beginTool({
    title: `Write ${step.path}`,
    kind: 'edit',
    content: [{ type: 'diff', path: file, oldText, newText: step.text }],
    locations: [{ path: file }],
  });
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, step.text);
    await turn.updateTool(toolCallId, { status: 'completed' });
  } catch (error) {
    await turn.updateTool(toolCallId, { status: 'failed', rawOutput: { error: String(error) } });
  }
}
