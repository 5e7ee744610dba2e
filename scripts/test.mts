/**
 * Runs all checks and tests, installing what they need first. The last line is "N passed, N failed".
 *
 * npm test -- [--only phase,phase…] [--grep part of a test's name]
 */
import { inspect, parseArgs } from 'node:util';
import { projectRoot } from './paths.mts';
import { CommandFailed, run } from './processes.mts';
import { MissingPrerequisite } from './setup/debian.mts';
import { runHostTests, runVitest, type SuiteOptions, type SuiteResult } from './suites.mts';
import { beginTestRun, type TestRun } from './testRun.mts';

interface Phase {
  name: string;
  /** What it needs beside Node; an editor brings a browser and an engine with it. */
  kind: 'plain' | 'engine' | 'editor';
  /** One npm script that counts as one test. */
  isCheck: boolean;
  run(options: SuiteOptions): Promise<SuiteResult>;
}

const phases: readonly Phase[] = [
  check('typecheck'),
  check('lint'),
  check('format:check'),
  suite('unit', 'plain', (options) => runVitest('unit', options)),
  suite('docker', 'engine', (options) => runVitest('docker', options)),
  suite('agents', 'engine', (options) => runVitest('agents', options)),
  suite('host', 'editor', runHostTests),
  suite('e2e', 'editor', (options) => runVitest('e2e', options)),
];

/** Run only when it is asked for: it builds seven images, of 2.5 GB. */
const onDemand: readonly Phase[] = [
  suite('all-agents', 'engine', (options) => runVitest('all-agents', options)),
];

function check(script: string): Phase {
  const runScript = async ({ abort }: SuiteOptions): Promise<SuiteResult> => {
    const output = await run('npm', ['run', '--silent', script], { cwd: projectRoot, abort });
    return { passed: 1, failed: 0, output };
  };
  return { name: script, kind: 'plain', isCheck: true, run: runScript };
}

function suite(name: string, kind: Phase['kind'], runSuite: Phase['run']): Phase {
  return { name, kind, isCheck: false, run: runSuite };
}

const total = { passed: 0, failed: 0 };
const interrupted = new AbortController();

/** Prints one line for a phase and adds its tests up; all that a failed one has printed comes before. */
async function timed(name: string, work: () => Promise<SuiteResult>): Promise<void> {
  const start = performance.now();
  let result: SuiteResult;
  try {
    result = await work();
  } catch (error) {
    if (interrupted.signal.aborted) return;
    const output =
      error instanceof CommandFailed || error instanceof MissingPrerequisite ? error.message : inspect(error);
    result = { passed: 0, failed: 1, output };
  }
  total.passed += result.passed;
  total.failed += result.failed;
  if (result.failed > 0) console.log(`\n${result.output.trimEnd()}\n`);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const counts = [`${result.passed} passed`, ...(result.failed > 0 ? [`${result.failed} failed`] : [])].join(
    ', ',
  );
  console.log(
    `${result.failed > 0 ? '✗' : '✓'} ${name.padEnd(14)} ${`${seconds} s`.padStart(8)}   ${counts}`,
  );
}

async function runPhases(selected: readonly Phase[], grep: string | undefined): Promise<void> {
  const abort = interrupted.signal;
  let testRun: TestRun | undefined;
  try {
    if (selected.some(({ kind }) => kind !== 'plain')) {
      await timed('setup', async () => {
        testRun = await beginTestRun({ editor: selected.some(({ kind }) => kind === 'editor') });
        Object.assign(process.env, testRun.env);
        return { passed: 0, failed: 0, output: '' };
      });
    }
    const inTurn = async (some: readonly Phase[]): Promise<void> => {
      for (const phase of some) {
        if (abort.aborted) return;
        if (phase.kind !== 'plain' && !testRun)
          console.log(`✗ ${phase.name}: not run, because the setup failed`);
        else await timed(phase.name, () => phase.run({ grep, abort }));
      }
    };
    // The editor's tests keep both cores busy; of the others, one half computes while the other waits for the engine.
    await Promise.all([
      inTurn(selected.filter(({ kind }) => kind === 'plain')),
      inTurn(selected.filter(({ kind }) => kind === 'engine')),
    ]);
    await inTurn(selected.filter(({ kind }) => kind === 'editor'));
  } finally {
    await testRun?.end();
  }
}

function selectPhases({ only, grep }: { only?: string | undefined; grep?: string | undefined }): Phase[] {
  const names = only?.split(',');
  const all = [...phases, ...onDemand];
  const unknown = names?.find((name) => !all.some((phase) => phase.name === name));
  if (unknown !== undefined) {
    console.error(`There is no phase "${unknown}"; there are ${all.map(({ name }) => name).join(', ')}.`);
    process.exit(1);
  }
  if (names) return all.filter(({ name }) => names.includes(name));
  return phases.filter(({ isCheck }) => grep === undefined || !isCheck);
}

const { values } = parseArgs({ options: { only: { type: 'string' }, grep: { type: 'string' } } });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted.abort();
  });
}
// What the suites print is captured, so they cannot see themselves whether it ends up in a terminal.
Object.assign(process.env, process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' });
await runPhases(selectPhases(values), values.grep);
if (interrupted.signal.aborted) console.log('Interrupted: this is what was run until then.');
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(interrupted.signal.aborted ? 130 : total.failed > 0 || total.passed === 0 ? 1 : 0);
