import type {
  Compaction,
  ContentBlock,
  PermissionRequest as AcpPermissionRequest,
  SessionEvent,
  TerminalView,
  ToolCall,
  Usage,
} from '../acp/types.ts';
import { isOpenCall } from '../acp/toolCalls.ts';
import type { AgentQuirks } from '../model/agentType.ts';
import type { Ruling } from '../model/permission.ts';
import type { NewPermissionRequest } from './permissionDesk.ts';
import type { NewEntry, TranscriptRecorder } from './transcriptRecorder.ts';

/** Writes one event of an agent's session into the transcript. */
export function recordSessionEvent(
  recorder: TranscriptRecorder,
  event: SessionEvent,
  { modeMessagePrefix }: AgentQuirks = {},
): void {
  switch (event.type) {
    case 'message': {
      const text = contentText(event.content);
      const mode = modeTold(text, modeMessagePrefix);
      if (mode !== null) {
        recorder.add({ kind: 'notice', text: `Mode: ${mode}` });
        return;
      }
      recorder.text(event.role === 'agent' ? 'message' : event.role, text, event.messageId);
      return;
    }
    case 'tool_call':
      recorder.add(toolCallEntry(event.toolCall));
      return;
    case 'plan':
      recorder.add({
        kind: 'plan',
        key: 'plan',
        text: describePlan(event.entries),
        data: event.entries,
      });
      return;
    case 'usage':
      recorder.add({ kind: 'usage', text: describeUsage(event), data: event });
      return;
    case 'notice':
      recorder.add({
        kind: 'notice',
        text: event.description ? `${event.title}: ${event.description}` : event.title,
        data: event,
      });
      return;
    case 'mode':
      recorder.add({ kind: 'notice', text: `Mode: ${event.modeId}`, data: event });
      return;
    case 'unknown':
      recorder.add({ kind: 'unknown', text: `Unknown update “${event.kind}”`, data: event.raw });
      return;
    case 'terminal':
      recorder.text('terminal', describeOutput(event.terminal, event.output), event.terminal.id);
      return;
    case 'compaction':
      recorder.add({ kind: 'notice', text: describeCompaction(event.compaction), data: event.compaction });
      return;
    case 'commands':
    case 'config_options':
    case 'session_info':
      // They describe the session, not the work.
      return;
  }
}

/** The mode that a message tells of, by agents that tell it so. */
function modeTold(text: string, prefix: string | undefined): string | null {
  return prefix !== undefined && text.startsWith(prefix) ? text.slice(prefix.length).trim() : null;
}

/** Whether other things can be chosen in the session now. */
export function changesSession({ type }: SessionEvent): boolean {
  return type === 'mode' || type === 'config_options' || type === 'commands';
}

/** What is new, after the command where it begins, and with how it ended where it has. */
function describeOutput({ command, output: whole, exit }: TerminalView, output: string): string {
  if (exit !== null) {
    const how = exit.signal ?? String(exit.exitCode ?? '?');
    const begin = whole === '' || whole.endsWith('\n') ? '' : '\n';
    return `${output}${begin}[${exit.signal === null ? 'exit code' : 'ended by'} ${how}]\n`;
  }
  return whole === '' && command !== null ? `$ ${command}\n` : output;
}

function describeUsage({ used, size, cost }: Usage): string {
  const tokens = `${used} of ${size} tokens`;
  // Sums of parts of a cent come with what binary fractions leave over.
  return cost ? `${tokens}, ${Number(cost.amount.toFixed(6))} ${cost.currency}` : tokens;
}

function describeCompaction({ status, error }: Compaction): string {
  const text = `The conversation was shortened (${status.replaceAll('_', ' ')})`;
  return error === null ? text : `${text}: ${error}`;
}

function toolCallEntry(call: ToolCall): NewEntry {
  return {
    kind: 'tool_call',
    key: call.id,
    text: describeToolCall(call),
    data: call,
    goesOn: isOpenCall(call),
  };
}

/** The first line names the call and its status; the others are the places it touches. */
function describeToolCall(call: ToolCall): string {
  const places = call.locations.map(({ path, line }) => (line === null ? path : `${path}:${line}`));
  const title = call.title === '' ? call.kind : call.title;
  return [`${title} (${call.status.replaceAll('_', ' ')})`, ...places].join('\n');
}

function describePlan(entries: readonly { content: string; status: string }[]): string {
  const done = entries.filter((entry) => entry.status === 'completed').length;
  const current = entries.find((entry) => entry.status === 'in_progress');
  const lines = entries.map(({ content, status }) => `${planMark(status)} ${content}`);
  const head = `Plan, ${done} of ${entries.length} done`;
  return [...lines, current ? `${head}: ${current.content}` : head].join('\n');
}

function planMark(status: string): string {
  if (status === 'completed') return '[x]';
  return status === 'in_progress' ? '[>]' : '[ ]';
}

function contentText(content: ContentBlock): string {
  switch (content.type) {
    case 'text':
      return content.text;
    case 'image':
    case 'audio':
      return `[${content.type}, ${content.mimeType}]`;
    case 'resource_link':
      return `[${content.name}](${content.uri})`;
    case 'resource':
      return content.text ?? `[${content.uri}]`;
    case 'unknown':
      return '[content of an unknown type]';
  }
}

/** What the user is shown of a permission request. */
export function permissionFrom(
  request: AcpPermissionRequest,
  run: { id: string; taskId: string },
  { commandIsTitle }: AgentQuirks = {},
): Omit<NewPermissionRequest, 'places'> {
  const { toolCall } = request;
  return {
    // The same for whoever takes the run over.
    id: `${run.id}:${request.id}`,
    runId: run.id,
    taskId: run.taskId,
    toolCallId: toolCall.id,
    title: toolCall.title === '' ? 'Use a tool' : toolCall.title,
    toolKind: toolCall.kind,
    command:
      commandOf(toolCall.rawInput) ??
      (commandIsTitle && toolCall.kind === 'execute' && toolCall.title !== '' ? toolCall.title : null),
    paths: toolCall.locations.map(({ path }) => path),
    diffs: toolCall.content.flatMap((content) =>
      content.type === 'diff'
        ? [{ path: content.path, oldText: content.oldText, newText: content.newText }]
        : [],
    ),
    options: request.options.map(({ optionId, name, kind }) => ({ optionId, name, kind })),
  };
}

/** What the transcript tells of a request that a rule, and no person, has answered. */
export function ruledEntry({ title, toolCallId }: NewPermissionRequest, ruling: Ruling): NewEntry {
  const what = ruling.decision === 'allow' ? 'Allowed' : 'Rejected';
  const by = ruling.by === 'preset' ? 'choice' : 'rule';
  return {
    kind: 'notice',
    text: `${what} by the ${by} “${ruling.text}”: ${title}`,
    data: { toolCallId, ruling },
  };
}

/** Agents put the shell command into the tool's raw input, as a string or as a list of words. */
function commandOf(rawInput: unknown): string | null {
  if (typeof rawInput !== 'object' || rawInput === null) return null;
  const command: unknown = (rawInput as { command?: unknown }).command;
  if (typeof command === 'string') return command;
  if (!Array.isArray(command)) return null;
  const words = command.map(String);
  // A shell that is given a script is no more than the way to run it.
  const [shell = '', option = '', script] = words;
  const isScript = words.length === 3 && /(^|\/)(ba|z|da)?sh$/.test(shell) && /^-l?c$/.test(option);
  return isScript && script !== undefined ? script : words.join(' ');
}
