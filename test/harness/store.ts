import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { WorkerStore, type WorkerStoreOptions } from '../../src/store/workerStore.ts';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const wasmPath = fromHere('../../node_modules/sql.js/dist/sql-wasm.wasm');

let bundled: Promise<string> | undefined;

/** The code of the store's worker, bundled as it ships; once a process, and gone with it. */
export function storeWorkerPath(): Promise<string> {
  bundled ??= bundleWorker();
  return bundled;
}

async function bundleWorker(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'kandev-worker-'));
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const outfile = join(folder, 'storeWorker.js');
  await build({
    entryPoints: [fromHere('../../src/store/worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'inline',
  });
  return outfile;
}

export interface TemporaryStore {
  /** The folder of the database's files. */
  folder: string;
  /** Where a database of the first format would be. */
  legacyPath: string;
  open(options?: Partial<WorkerStoreOptions>): Promise<WorkerStore>;
  remove(): Promise<void>;
}

/** A place for a database in a folder of its own; what is opened there must be closed by whoever opened it. */
export async function temporaryStore(): Promise<TemporaryStore> {
  const place = await mkdtemp(join(tmpdir(), 'kandev-store-'));
  const folder = join(place, 'database');
  const legacyPath = join(place, 'board.db');
  return {
    folder,
    legacyPath,
    open: async (options) =>
      WorkerStore.open({ folder, legacyPath, workerPath: await storeWorkerPath(), wasmPath, ...options }),
    remove: () => rm(place, { recursive: true, force: true }),
  };
}
