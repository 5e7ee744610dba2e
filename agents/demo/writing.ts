import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PermissionOption, ToolCall, ToolCallContent } from '@agentclientprotocol/sdk';
import type { Turn } from './turn.ts';

export type WriteResult =
  | { outcome: 'written' }
  | { outcome: 'rejected' }
  /** The session's mode is `plan`. */
  | { outcome: 'only planning' }
  /** `reason` is the end of a sentence: "could not be written: …". */
  | { outcome: 'failed'; reason: string };

export interface WriteRequest {
  /** Relative to the workspace. */
  name: string;
  /** What the file held when the change was made up; undefined for a file that does not exist yet. */
  oldText?: string;
  newText: string;
}

const permissionOptions: readonly PermissionOption[] = [
  { optionId: 'allow', name: 'Allow', kind: 'allow_once' },
  { optionId: 'always', name: 'Always allow in this session', kind: 'allow_always' },
  { optionId: 'reject', name: 'Reject', kind: 'reject_once' },
];

/**
 * Writes one file, with the user's permission and with the change on show. A new file never replaces one that has
 * come into being meanwhile, and a change is not made to a file that has been edited meanwhile.
 */
export async function writeWithPermission(turn: Turn, request: WriteRequest): Promise<WriteResult> {
  if (turn.session.modeId === 'plan') return { outcome: 'only planning' };
  const file = path.join(turn.session.cwd, request.name);
  const content: ToolCallContent[] = [
    { type: 'diff', path: file, oldText: request.oldText ?? null, newText: request.newText },
  ];
  const call: Omit<ToolCall, 'toolCallId'> = {
    title: `Write ${request.name}`,
    kind: 'edit',
    content,
    locations: [{ path: file }],
  };
  const toolCallId = await turn.beginTool({ ...call, status: 'pending' });
  if (!(await mayWrite(turn, { ...call, toolCallId }))) {
    await turn.updateTool(toolCallId, { status: 'failed' });
    return { outcome: 'rejected' };
  }
  await turn.updateTool(toolCallId, { status: 'in_progress' });
  await turn.pace(500);
  try {
    await writeUnlessChanged(file, request);
  } catch (error) {
    await turn.updateTool(toolCallId, { status: 'failed' });
    return { outcome: 'failed', reason: plainReason(error) };
  }
  await turn.updateTool(toolCallId, { status: 'completed' });
  return { outcome: 'written' };
}

/** A client that closes the question without an answer has not allowed anything. */
async function mayWrite(turn: Turn, toolCall: Parameters<Turn['ask']>[0]): Promise<boolean> {
  const { memory, modeId } = turn.session;
  if (modeId === 'auto' || memory.mayWrite === true) return true;
  const choice = await turn.ask(toolCall, [...permissionOptions]);
  if (choice?.kind === 'allow_always') memory.mayWrite = true;
  return choice?.kind.startsWith('allow') === true;
}

async function writeUnlessChanged(file: string, { oldText, newText }: WriteRequest): Promise<void> {
  if (oldText !== undefined && (await readFile(file, 'utf8')) !== oldText) {
    throw new Error(`${path.basename(file)} has changed in the meantime`);
  }
  await writeFile(file, newText, { flag: oldText === undefined ? 'wx' : 'w' });
}

const plainReasons: Readonly<Record<string, string>> = {
  EACCES: 'the agent may not write in this folder',
  EPERM: 'the agent may not write in this folder',
  EROFS: 'this folder is read-only',
  ENOSPC: 'the disk is full',
  EEXIST: 'a file of this name has appeared in the meantime',
  ENOENT: 'the folder is gone',
};

function plainReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return plainReasons[code ?? ''] ?? error.message;
}

/** KANDEV-OVERVIEW.md, or the first name with a number after it that is free. */
export async function freeOverviewName(folder: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? 'KANDEV-OVERVIEW.md' : `KANDEV-OVERVIEW-${number}.md`;
    const taken = await access(path.join(folder, name)).then(
      () => true,
      () => false,
    );
    if (!taken) return name;
  }
}
