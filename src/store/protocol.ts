import type { Failure } from '../model/failure.ts';
import type { SnapshotTriggers } from './snapshotKeeper.ts';
import type { Notice } from '../model/failure.ts';
import type { StoreChange } from './store.ts';

/** What a worker is started with. */
export interface WorkerOptions {
  /** Where the database's files are; made when it is not there. */
  folder: string;
  /** The database of the first format, imported where there is none yet. */
  legacyPath: string | null;
  /** Of sql.js's `sql-wasm.wasm`. */
  wasmPath: string;
  triggers: Partial<SnapshotTriggers>;
}

/** What is asked of the worker. */
export type StoreRequest =
  | { method: 'write' | 'query'; name: string; params: unknown }
  | { method: 'exportCopy'; path: string }
  | { method: 'listBackups' }
  | { method: 'restoreBackup'; backupId: string }
  | { method: 'snapshot' }
  | { method: 'close' };

export interface NumberedRequest {
  id: number;
  request: StoreRequest;
}

/** An error on its way to another thread: a user's error, or one that nobody foresaw. */
export type SentError = { failure: Failure } | { message: string; stack: string };

export type Answer = { id: number; result: unknown } | { id: number; error: SentError };

/** What the worker says. */
export type WorkerMessage =
  | { type: 'opened' }
  | { type: 'notOpened'; error: SentError }
  | { type: 'answers'; answers: Answer[] }
  | { type: 'change'; change: StoreChange }
  | { type: 'notice'; notice: Notice }
  | { type: 'takenOver' };
