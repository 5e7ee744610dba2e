/** Runs suites of tests and counts what came of them. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from './paths.mts';
import { CommandFailed, run } from './processes.mts';

export interface SuiteOptions {
  /** Only tests whose full name contains this. */
  grep: string | undefined;
  abort: AbortSignal;
}

export interface SuiteResult {
  passed: number;
  /** Skipped tests are failed ones, unless --grep skipped them. */
  failed: number;
  /** Everything that the suite printed. */
  output: string;
}

/** What vitest's JSON reporter writes, as far as it is read here. */
interface VitestReport {
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[];
}

const vitest = path.join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs');

/** Runs one project of vitest.config.mts. */
export async function runVitest(project: string, options: SuiteOptions): Promise<SuiteResult> {
  const { grep, abort } = options;
  const chosen = grep === undefined ? [] : await selection(project, grep, abort);
  const first = await runFiles(project, chosen, options);
  const { failedFiles } = first;
  if (project !== 'e2e' || failedFiles.length === 0 || failedFiles.length > mostWalkedAgain) return first;
  // A key or a click that VS Code has lost spoils the rest of a journey. What is broken is so the second time, too.
  const names = failedFiles.map((file) => path.relative(projectRoot, file)).join(', ');
  console.log(`Walked once more from the beginning, because a step failed: ${names}`);
  const again = await runFiles(project, failedFiles, options);
  return {
    passed: first.passed - first.passedInFailedFiles + again.passed,
    failed: again.failed,
    output: `${first.output}\n\nOnce more:\n${again.output}`,
  };
}

/** More than these are no accident. */
const mostWalkedAgain = 4;

interface FilesResult extends SuiteResult {
  failedFiles: string[];
  passedInFailedFiles: number;
}

/** @param chosen what vitest is told of the files and tests to run; all of the project when empty */
async function runFiles(
  project: string,
  chosen: readonly string[],
  { grep, abort }: SuiteOptions,
): Promise<FilesResult> {
  const reportFile = path.join(projectRoot, 'out', `vitest-${project}-${process.pid}.json`);
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json'];
  args.push(`--outputFile.json=${reportFile}`, ...chosen);
  const { output, succeeded } = await runToItsEnd([vitest, ...args], abort);
  const files = (await readReport(reportFile)).testResults;
  const statusesOf = (some: VitestReport['testResults']): string[] =>
    some.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status));
  const passedOf = (some: VitestReport['testResults']): number =>
    statusesOf(some).filter((status) => status === 'passed').length;
  const statuses = statusesOf(files);
  const counted = grep === undefined ? statuses : statuses.filter((status) => /passed|failed/.test(status));
  const passed = passedOf(files);
  const failed = counted.length - passed;
  const failedFiles = files.filter(({ status }) => status === 'failed');
  return {
    passed,
    // A file that does not load or an error outside a test fails the run without failing a test.
    failed: failed === 0 && !succeeded ? 1 : failed,
    output,
    failedFiles: failedFiles.map(({ name }) => name),
    passedInFailedFiles: passedOf(failedFiles),
  };
}

/** What makes vitest run the tests whose name contains `grep`. */
async function selection(project: string, grep: string, abort: AbortSignal): Promise<string[]> {
  const pattern = ['--testNamePattern', grep.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')];
  if (project !== 'e2e') return pattern;
  // The tests of a file are the steps of one journey, so it is run as a whole.
  const listing = await runToItsEnd([vitest, 'list', '--project', project, '--json', ...pattern], abort);
  const listed = JSON.parse(listing.output.slice(listing.output.indexOf('['))) as { file: string }[];
  const files = [...new Set(listed.map(({ file }) => file))];
  return files.length > 0 ? files : pattern;
}

/** Runs scripts/hostTests.mts. */
export async function runHostTests({ grep, abort }: SuiteOptions): Promise<SuiteResult> {
  const args = ['scripts/hostTests.mts', ...(grep === undefined ? [] : [grep])];
  const { output, succeeded } = await runToItsEnd(args, abort);
  const [, passed, failed] = /^(\d+) passed, (\d+) failed\n$/m.exec(output) ?? [];
  return { passed: Number(passed ?? 0), failed: Number(failed ?? (succeeded ? 0 : 1)), output };
}

/** Runs a script of the project, whatever becomes of it. */
async function runToItsEnd(
  args: readonly string[],
  abort: AbortSignal,
): Promise<{ output: string; succeeded: boolean }> {
  try {
    return {
      output: await run(process.execPath, [...process.execArgv, ...args], { cwd: projectRoot, abort }),
      succeeded: true,
    };
  } catch (error) {
    if (error instanceof CommandFailed) return { output: error.output, succeeded: false };
    throw error;
  }
}

/** The report, which is not there when no test was found or vitest did not come so far. */
async function readReport(file: string): Promise<VitestReport> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as VitestReport;
  } catch {
    return { testResults: [] };
  } finally {
    await rm(file, { force: true });
  }
}
