/**
 * Runs test/host/*.test.ts with mocha in the extension host of a real VS Code that has Kandev installed.
 * Part of npm test, which sets its surroundings up. The last line is "N passed, N failed".
 *
 * node scripts/hostTests.mts [part of a test's name]
 */
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { startEditor } from '../test/harness/editor.ts';
import { makeRepository } from '../test/harness/repository.ts';
import { makeFolder } from '../test/harness/testRun.ts';
import { openWorkbench } from '../test/harness/workbench.ts';
import type { HostTestEvent } from '../test/host/runner/report.ts';
import { packageDevExtension } from './devExtension.mts';
import { projectRoot } from './paths.mts';

const endWithinMs = 5 * 60_000;

async function runHostTests(tests: readonly string[], grep: string | undefined): Promise<boolean> {
  const runner = await packageDevExtension('test/host/runner', await makeFolder('runner'), [
    'test/host/runner/runner.ts',
    ...tests,
  ]);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const editor = await startEditor({
    folder: await makeRepository('host-tests'),
    extraExtensions: [runner],
    env: { KANDEV_HOST_TESTS_PORT: String(port), KANDEV_HOST_TESTS_GREP: grep },
  });
  const workbench = await openWorkbench(editor.url);
  const ended = await Promise.race([
    connected.then(([socket]) => printReport(socket)),
    delay(endWithinMs, false),
  ]);
  if (!ended) console.log(`The extension host did not finish the tests.\n${await editor.logs()}`);
  await workbench.close();
  await editor.stop();
  return ended;
}

const total = { passed: 0, failed: 0 };

/** Prints the runner's report as it comes and adds it up. Resolves to whether it came to its end. */
async function printReport(socket: Socket): Promise<boolean> {
  // A host that dies closes the connection one way or the other.
  socket.on('error', () => undefined);
  for await (const line of createInterface({ input: socket })) {
    const event = JSON.parse(line) as HostTestEvent;
    if (event.type === 'end') return true;
    total[event.type === 'pass' ? 'passed' : 'failed'] += 1;
    console.log(`${event.type} ${event.title}`);
    if (event.type === 'fail') console.log(event.error);
  }
  return false;
}

const tests = globSync('test/host/*.test.ts', { cwd: projectRoot });
if (tests.length > 0 && !(await runHostTests(tests, process.argv[2]))) total.failed += 1;
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 ? 1 : 0);
