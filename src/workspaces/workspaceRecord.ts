import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { UserError } from '../model/failure.ts';
import type { WorkspaceInfo } from './workspaces.ts';
import { writeWhole } from './writeWhole.ts';

const repositorySchema = v.object({ topLevel: v.string(), gitDir: v.string(), commonDir: v.string() });

const undoSchema = v.object({
  id: v.string(),
  what: v.picklist(['rollBack', 'discard', 'apply', 'undo']),
  /** Which files are taken back: the workspace's own, or those of the folder that it was applied to. */
  place: v.picklist(['workspace', 'folder']),
  /** The run that is taken back, or brought back again; null when it is more than one. */
  runId: v.nullable(v.string()),
  at: v.number(),
  /** False from before the first file is written until the last one is. */
  isComplete: v.boolean(),
  /** What is being written meanwhile, as git has paths; empty when it is complete. */
  paths: v.array(v.string()),
});

const betweenTurnsSchema = v.object({
  /** As git has paths. */
  paths: v.array(v.string()),
  /** HEAD or the index, too. */
  movesRepository: v.boolean(),
});

const takenSchema = v.object({ tree: v.string(), commit: v.nullable(v.string()) });

const recordSchema = v.object({
  version: v.literal(1),
  id: v.string(),
  kind: v.picklist(['folder', 'clone', 'repository', 'copy']),
  /** The user's folder that it came from; null for a repository from elsewhere. */
  folder: v.nullable(v.string()),
  /** Where the agent works. */
  root: v.string(),
  /** Whose history the result joins: of the folder, or our copy of the one elsewhere. Null without git. */
  repository: v.nullable(repositorySchema),
  /** The open folder from the top of its repository; empty when it is the top. */
  prefix: v.string(),
  url: v.nullable(v.string()),
  branch: v.nullable(v.string()),
  /** The commit that the agent began with, uncommitted files included. */
  startCommit: v.nullable(v.string()),
  exclude: v.array(v.string()),
  /** The workspace is usable; before that a kill leaves something half-made. */
  isReady: v.boolean(),
  runs: v.array(v.string()),
  /** Those of the runs whose files were taken back to before them. */
  rolledBack: v.array(v.string()),
  /** Which state of the files was taken by the user (and as which commit), or given up. */
  taken: v.nullable(takenSchema),
  discarded: v.nullable(v.string()),
  /** What a merge that waits for the user will have taken, once it is committed. */
  offered: v.nullable(takenSchema),
  /** The tree that was brought into the folder last. */
  applied: v.nullable(v.string()),
  /** The last commit that was made from a clone, and the last one that was sent away. */
  committed: v.nullable(v.string()),
  pushed: v.nullable(v.object({ branch: v.string(), commit: v.string() })),
  /** The setup script that was run here. */
  setup: v.nullable(v.string()),
  /** An agent may have begun here: from then on a setup script is one more change. */
  hasBegun: v.boolean(),
  /** Of a folder: what its git settings could run when the last run began (gitPrograms.ts). */
  gitPrograms: v.optional(v.record(v.string(), v.string()), {}),
  /** The links that led out of it when its files were those of this tree. */
  links: v.optional(v.nullable(v.object({ tree: v.string(), outside: v.array(v.string()) })), null),
  /** By run: what has changed between two of its turns, while the agent was not at work. */
  betweenTurns: v.optional(v.record(v.string(), betweenTurnsSchema), {}),
  undos: v.array(undoSchema),
  createdAt: v.number(),
});

/** What is remembered of a workspace. Times are milliseconds since the epoch. */
export type WorkspaceRecord = v.InferOutput<typeof recordSchema>;
export type BetweenTurns = v.InferOutput<typeof betweenTurnsSchema>;
export type UndoRecord = v.InferOutput<typeof undoSchema>;

export function infoOf(record: WorkspaceRecord): WorkspaceInfo {
  const { kind, root, folder, url, branch, runs, rolledBack, undos } = record;
  return {
    ...{ kind, root, folder, url, branch, runs, rolledBack },
    targetRoot: folder === null ? null : (record.repository?.topLevel ?? folder),
    hasRepository: record.repository !== null,
    undos: undos.map(({ id, what, isComplete, at }) => ({ undoId: id, what, isComplete, at })).reverse(),
  };
}

const idPattern = /^[\w.-]{1,100}$/;

/** The records of all workspaces, a file each. */
export class WorkspaceRecords {
  readonly #folder: string;
  readonly #records = new Map<string, WorkspaceRecord>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads what is there. A record that cannot be read is left where it is, and its workspace too. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith('.json')) continue;
      const text = await readFile(path.join(this.#folder, name), 'utf8');
      const parsed = v.safeParse(recordSchema, parseJson(text));
      if (parsed.success) this.#records.set(parsed.output.id, parsed.output);
    }
  }

  all(): WorkspaceRecord[] {
    return [...this.#records.values()];
  }

  find(workspaceId: string): WorkspaceRecord | null {
    return this.#records.get(workspaceId) ?? null;
  }

  /** @throws UserError `not-found` */
  get(workspaceId: string): WorkspaceRecord {
    const record = this.#records.get(workspaceId);
    if (!record) throw notFound('There is no workspace for this card any more.');
    return record;
  }

  /** @throws UserError `not-found` */
  ofRun(runId: string): WorkspaceRecord {
    const record = this.all().find(({ runs }) => runs.includes(runId));
    if (!record) throw notFound('There is no checkpoint of this run any more.');
    return record;
  }

  /** @throws UserError `not-found` */
  ofUndo(undoId: string): { record: WorkspaceRecord; undo: UndoRecord } {
    for (const record of this.all()) {
      const undo = record.undos.find(({ id }) => id === undoId);
      if (undo) return { record, undo };
    }
    throw notFound('This can no longer be undone.');
  }

  /** Stores a record; on the disk when it resolves. */
  async put(record: WorkspaceRecord): Promise<WorkspaceRecord> {
    await writeWhole(this.#file(record.id), JSON.stringify(record, null, 1));
    this.#records.set(record.id, record);
    return record;
  }

  async change(workspaceId: string, change: Partial<WorkspaceRecord>): Promise<WorkspaceRecord> {
    return this.put({ ...this.get(workspaceId), ...change });
  }

  async remove(workspaceId: string): Promise<void> {
    this.#records.delete(workspaceId);
    await rm(this.#file(workspaceId), { force: true });
  }

  #file(id: string): string {
    return path.join(this.#folder, `${checkedId(id)}.json`);
  }
}

/** Ids become names of files and refs. */
export function checkedId(id: string): string {
  if (idPattern.test(id) && !/^\.|\.\.|\.lock$|\.$/.test(id)) return id;
  throw new UserError({
    reason: 'invalid-input',
    message: `"${id}" cannot be the id of a workspace or a run.`,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function notFound(message: string): UserError {
  return new UserError({ reason: 'not-found', message });
}
