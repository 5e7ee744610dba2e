/** A development extension: runs the bundled host tests beside it once the window has started. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { findSourceMap } from 'node:module';
import { connect } from 'node:net';
import path from 'node:path';
import Mocha from 'mocha';
import type { HostTestEvent } from './report.ts';

export async function activate(): Promise<void> {
  const { KANDEV_HOST_TESTS_PORT: port, KANDEV_HOST_TESTS_GREP: grep } = process.env;
  if (!port) return;
  process.setSourceMapsEnabled(true);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  const report = (event: HostTestEvent): void => void socket.write(`${JSON.stringify(event)}\n`);

  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter: reporterTo(report) });
  if (grep) mocha.fgrep(grep);
  for (const file of readdirSync(__dirname)) {
    if (file.endsWith('.test.js')) mocha.addFile(path.join(__dirname, file));
  }
  try {
    mocha.run(() => {
      report({ type: 'end' });
      socket.end();
    });
  } catch (error) {
    report({ type: 'fail', title: 'loading the tests', error: describe(error) });
    report({ type: 'end' });
    socket.end();
  }
}

function reporterTo(report: (event: HostTestEvent) => void): Mocha.ReporterConstructor {
  return class extends Mocha.reporters.Base {
    constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
      super(runner, options);
      runner.on('pass', (test) => {
        report({ type: 'pass', title: test.fullTitle() });
      });
      runner.on('pending', (test) => {
        report({ type: 'skip', title: test.fullTitle() });
      });
      runner.on('fail', (test, error: unknown) => {
        report({ type: 'fail', title: test.fullTitle(), error: describe(error) });
      });
    }
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? inSources(error.stack ?? error.message) : String(error);
}

/** A stack trace without mocha's frames and with the places in the sources: the extension host maps none itself. */
function inSources(stack: string): string {
  const frames = stack.split('\n').filter((line) => !line.includes(__filename));
  return frames
    .join('\n')
    .replaceAll(/\((\/[^()]+):(\d+):(\d+)\)/g, (place, file: string, line: string, column: string) => {
      const entry = findSourceMap(file)?.findEntry(Number(line) - 1, Number(column) - 1);
      if (!entry || !('originalSource' in entry)) return place;
      return `(${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1})`;
    });
}
