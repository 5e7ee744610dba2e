/**
 * What a session is, and the state directory that keeps sessions across restarts: one JSON file a session, and a
 * marker that says the user has signed in.
 */
import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SessionUpdate } from '@agentclientprotocol/sdk';

/** What a later turn needs to know of earlier ones. */
export interface Memory {
  /** The task of the first turn. */
  task?: string;
  /** What the survey found, as a sentence. */
  findings?: string;
  /** The file the agent wrote, relative to the workspace. */
  overview?: string;
  /** The user has answered "always" to a permission request. */
  mayWrite?: boolean;
  /** Tokens used so far, by estimate. */
  tokens: number;
}

/** A session as it is stored. */
export interface Session {
  sessionId: string;
  cwd: string;
  title?: string;
  /** ISO 8601. */
  updatedAt: string;
  modeId: string;
  modelId: string;
  /** Its thoughts are not shown. */
  quiet?: boolean;
  memory: Memory;
  /** Every update of the conversation in order, the user's messages among them: what session/load replays. */
  history: SessionUpdate[];
}

/** A session in `cwd` that nobody has spoken in yet. */
export function newSession(cwd: string): Session {
  return {
    sessionId: `demo-${randomUUID()}`,
    cwd,
    updatedAt: new Date().toISOString(),
    modeId: 'default',
    modelId: 'calm',
    memory: { tokens: 0 },
    history: [],
  };
}

/**
 * The state directory. An agent whose state cannot be written still works, so the first failure is reported by
 * `onProblem` and the rest are passed over.
 */
export class SessionStore {
  private readonly directory: string;
  private readonly onProblem: (message: string) => void;
  private reported = false;

  constructor(directory: string, onProblem: (message: string) => void) {
    this.directory = directory;
    this.onProblem = onProblem;
  }

  async save(session: Session): Promise<void> {
    const file = this.fileOf(session.sessionId);
    await this.tolerate(async () => {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(`${file}.new`, JSON.stringify(session));
      await rename(`${file}.new`, file);
    });
  }

  /** The stored session, or undefined when there is none that can be read. */
  async find(sessionId: string): Promise<Session | undefined> {
    if (!isFileName(sessionId)) return undefined;
    try {
      const stored: unknown = JSON.parse(await readFile(this.fileOf(sessionId), 'utf8'));
      return isSession(stored) ? stored : undefined;
    } catch {
      return undefined;
    }
  }

  /** The stored sessions, newest first, of one folder or of all. */
  async list(cwd?: string): Promise<Session[]> {
    const names = await readdir(path.join(this.directory, 'sessions')).catch(() => []);
    const found = await Promise.all(
      names.filter((name) => name.endsWith('.json')).map((name) => this.find(path.basename(name, '.json'))),
    );
    return found
      .filter((session) => session !== undefined)
      .filter((session) => cwd === undefined || session.cwd === cwd)
      .sort((a, b) => b.updatedAt.localeCompare(a.updatedAt) || a.sessionId.localeCompare(b.sessionId));
  }

  async delete(sessionId: string): Promise<void> {
    if (isFileName(sessionId)) await rm(this.fileOf(sessionId), { force: true });
  }

  async isSignedIn(): Promise<boolean> {
    return access(this.signInMarker).then(
      () => true,
      () => false,
    );
  }

  async setSignedIn(signedIn: boolean): Promise<void> {
    await this.tolerate(async () => {
      await mkdir(this.directory, { recursive: true });
      if (signedIn) await writeFile(this.signInMarker, '');
      else await rm(this.signInMarker, { force: true });
    });
  }

  private get signInMarker(): string {
    return path.join(this.directory, 'signed-in');
  }

  private fileOf(sessionId: string): string {
    return path.join(this.directory, 'sessions', `${sessionId}.json`);
  }

  private async tolerate(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!this.reported) this.onProblem(`State is not kept in ${this.directory}: ${String(error)}`);
      this.reported = true;
    }
  }
}

/** A session id comes from outside and becomes a file name: nothing that could leave the directory. */
function isFileName(sessionId: string): boolean {
  return /^[\w-]{1,100}$/.test(sessionId);
}

function isSession(value: unknown): value is Session {
  if (typeof value !== 'object' || value === null) return false;
  const session = value as Partial<Record<keyof Session, unknown>>;
  return (
    typeof session.sessionId === 'string' &&
    typeof session.cwd === 'string' &&
    typeof session.updatedAt === 'string' &&
    typeof session.modeId === 'string' &&
    typeof session.modelId === 'string' &&
    typeof session.memory === 'object' &&
    Array.isArray(session.history)
  );
}
