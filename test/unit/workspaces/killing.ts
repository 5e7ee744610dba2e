import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeProgram, type Fixture } from './fixture.ts';
import type { Order } from './worker.mts';

const flags = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
/** The worker's arguments for node. */
export const workerArguments = [...flags, fileURLToPath(new URL('worker.mts', import.meta.url))];

/**
 * Stands in for git, and runs it. At one of the calls it kills the process that has made it: before git is run, after
 * it, or with git itself being cut off as soon as it writes a file of more than a kilobyte.
 */
const wrapper = `#!/bin/sh
printf . >> "$KANDEV_COUNT"
count=$(wc -c < "$KANDEV_COUNT")
if test "$KANDEV_MODE" = cut; then
  case "$*" in *" read-tree -m -u "*)
    (ulimit -c 0; ulimit -f 1; git "$@")
    kill -9 $PPID
    exit 1
  esac
elif test "$count" -ge "$KANDEV_AT"; then
  test "$KANDEV_MODE" = after && git "$@" > /dev/null 2>&1
  kill -9 $PPID
  exit 1
fi
exec git "$@"
`;

export interface Kill {
  mode: 'before' | 'after' | 'cut';
  /** At which of the git calls. */
  at: number;
}

/** Starts a process that carries out an order and is killed; returns whether it was, or had ended before. */
export async function killDuring(fixture: Fixture, order: Order, { mode, at }: Kill): Promise<boolean> {
  const count = path.join(fixture.folder, 'count');
  const program = path.join(fixture.folder, 'counting-git');
  await rm(count, { force: true });
  await makeProgram(program, wrapper);
  const environment = { KANDEV_COUNT: count, KANDEV_AT: String(at), KANDEV_MODE: mode };
  const child = spawn(
    process.execPath,
    [...workerArguments, fixture.storage, program, JSON.stringify(order)],
    {
      env: { ...fixture.environment, ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal === null && code !== 0) throw new Error(`The process failed with code ${code}.`);
  return signal === 'SIGKILL';
}

/** How many git calls the last process has made. */
export async function callsOf(fixture: Fixture): Promise<number> {
  return (await readFile(path.join(fixture.folder, 'count'))).length;
}
