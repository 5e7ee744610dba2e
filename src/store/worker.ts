/** The worker thread of the database: takes requests from WorkerStore, and answers each when it is done. */
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import initSqlJs from 'sql.js';
import type { QueryName, WriteName } from './catalogue.ts';
import { DatabaseFolder } from './databaseFolder.ts';
import { nodeDisk } from './disk.ts';
import type { Answer, NumberedRequest, StoreRequest, WorkerMessage, WorkerOptions } from './protocol.ts';
import { packError } from './sentError.ts';
import { SqlDatabase } from './sqlDatabase.ts';
import { StoreEngine } from './storeEngine.ts';

if (!parentPort) throw new Error('This module is the code of a worker thread.');
const port = parentPort;
const send = (message: WorkerMessage): void => {
  port.postMessage(message);
};

/** Answers that come together, as those of changes that were written together do, are sent together. */
const answers: Answer[] = [];
function answer(value: Answer): void {
  if (answers.push(value) === 1)
    setImmediate(() => {
      send({ type: 'answers', answers: answers.splice(0) });
    });
}

async function openEngine(options: WorkerOptions): Promise<StoreEngine> {
  const wasm = await readFile(options.wasmPath);
  const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength);
  const sqlJs = await initSqlJs({ wasmBinary });
  return StoreEngine.open({
    disk: nodeDisk,
    folder: new DatabaseFolder(options.folder),
    legacyPath: options.legacyPath,
    open: (bytes) => new SqlDatabase(sqlJs, bytes),
    triggers: options.triggers,
    onChange: (change) => {
      send({ type: 'change', change });
    },
    onNotice: (notice) => {
      send({ type: 'notice', notice });
    },
    onTakenOver: () => {
      send({ type: 'takenOver' });
    },
  });
}

async function handle(engine: StoreEngine, request: StoreRequest): Promise<unknown> {
  switch (request.method) {
    case 'write':
      return engine.write(request.name as WriteName, request.params);
    case 'query':
      return engine.query(request.name as QueryName, request.params);
    case 'exportCopy':
      return engine.exportCopy(request.path);
    case 'listBackups':
      return engine.listBackups();
    case 'restoreBackup':
      return engine.restoreBackup(request.backupId);
    case 'snapshot':
      return engine.snapshot();
    case 'close':
      return engine.close();
  }
}

async function start(): Promise<void> {
  const engine = await openEngine(workerData as WorkerOptions);
  port.on('message', ({ id, request }: NumberedRequest) => {
    handle(engine, request).then(
      (result) => {
        answer({ id, result });
      },
      (error: unknown) => {
        answer({ id, error: packError(error) });
      },
    );
  });
  send({ type: 'opened' });
}

start().catch((error: unknown) => {
  send({ type: 'notOpened', error: packError(error) });
});
