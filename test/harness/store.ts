import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SnapshotStore } from '../../src/store/snapshotStore.ts';

export const wasmPath = fileURLToPath(
  new URL('../../node_modules/sql.js/dist/sql-wasm.wasm', import.meta.url),
);

export interface TemporaryStore {
  path: string;
  open(): Promise<SnapshotStore>;
  remove(): Promise<void>;
}

/** A place for a database in a folder of its own; what is opened there must be closed by whoever opened it. */
export async function temporaryStore(): Promise<TemporaryStore> {
  const folder = await mkdtemp(join(tmpdir(), 'kandev-store-'));
  const path = join(folder, 'board.db');
  return {
    path,
    open: () => SnapshotStore.open(path, wasmPath),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
