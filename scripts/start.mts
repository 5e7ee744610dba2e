/**
 * Opens a real VS Code with the packaged extension on a sample project, after installing what is missing.
 *
 * npm start
 */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { ensureImage } from '../src/agents/images.ts';
import { builtInAgentTypes } from '../src/agents/registry.ts';
import { UserError } from '../src/model/failure.ts';
import { startCodeServer, type EditorOptions, type RunningEditor } from './codeServer.mts';
import { canShowDesktopCode, openDesktopCode } from './desktopCode.mts';
import { packageDevExtension } from './devExtension.mts';
import { cacheDirectory, projectRoot, vsixFile } from './paths.mts';
import { CommandFailed, run } from './processes.mts';
import { removeOfRun } from './runResources.mts';
import { ensureSampleProject } from './sample/sampleProject.mts';
import { MissingPrerequisite } from './setup/debian.mts';
import { ensureDockerEngine, type DockerEngine } from './setup/dockerEngine.mts';

const firstPort = 8123;

function say(what: string, text: string): void {
  console.log(`  ${what.padEnd(9)} ${text}`);
}

async function start(): Promise<void> {
  console.log('Kandev');
  await run(process.execPath, ['scripts/package.mts'], { cwd: projectRoot });
  const { size } = await stat(vsixFile);
  say('VSIX', `${path.relative(process.cwd(), vsixFile)}, ${(size / 1024).toFixed(0)} KB`);
  const docker = await ensureDockerEngine();
  say('Docker', docker.description);
  // As in a test run: what this start makes is found by this label and removed at its end.
  const runId = `npm-start-${process.pid}`;
  const ended = endSignal();
  let editor: RunningEditor | undefined;
  try {
    await makeAgentImage(docker);
    const folder = await ensureSampleProject();
    say('Project', folder);
    editor = await openEditor({
      folder,
      userDataDir: path.join(cacheDirectory, 'editor'),
      extensions: [vsixFile, await seedSampleBoard()],
      settings: docker.setting === null ? {} : { 'kandev.docker.host': docker.setting },
      env: { KANDEV_TEST_RUN: runId },
    });
    await Promise.race([editor.ended, ended]);
  } finally {
    console.log('\nStopping …');
    await editor?.stop();
    await removeOfRun(docker.engine, runId);
    await docker.stop();
  }
}

/** The first card should not have to wait for its image. */
async function makeAgentImage({ engine }: DockerEngine): Promise<void> {
  const agentType = builtInAgentTypes.find(({ id }) => id === 'demo');
  if (!agentType) throw new Error('There is no agent type "demo".');
  await ensureImage({
    engine,
    agentType,
    distFolder: path.join(projectRoot, 'dist'),
    progress: { activity: () => undefined, log: () => undefined },
    signal: new AbortController().signal,
  });
  say('Agent', agentType.image);
}

/** An extension that puts the sample cards on the board of the sample project when it is opened for the first time. */
function seedSampleBoard(): Promise<string> {
  return packageDevExtension('scripts/sample/seeder', ['scripts/sample/seeder/seeder.ts']);
}

/** Opens the user's own VS Code where it can show a window, else one in the browser, and says what to do next. */
async function openEditor(options: EditorOptions): Promise<RunningEditor> {
  const next = 'click the Kandev icon in the activity bar, then ▶ on a card, and answer when the agent asks';
  if (canShowDesktopCode()) {
    const editor = await openDesktopCode({ ...options, userDataDir: `${options.userDataDir}-desktop` });
    say('Editor', 'your VS Code, with settings and extensions of its own');
    console.log(
      `\nNext: ${next}.\nWhen you close the window or press Ctrl+C here, the agents are stopped; cards are kept.`,
    );
    return editor;
  }
  const port = await freePort();
  // Two editors at once must not share their data; each finds its own again by its port.
  const userDataDir = `${options.userDataDir}-${port}`;
  const server = await startCodeServer({ ...options, port, userDataDir });
  say('Editor', 'VS Code in the browser (code-server)');
  console.log(`\nNext: open ${server.url}\n      ${next}.\nCtrl+C stops it all; cards and files are kept.`);
  return server;
}

/** The first port from 8123 on that nobody listens on. */
async function freePort(): Promise<number> {
  for (let port = firstPort; ; port += 1) {
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    probe.close();
    if (isFree) return port;
  }
}

/** Resolves at Ctrl+C or when the system ends us. */
function endSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve();
      });
    }
  });
}

try {
  await start();
} catch (error) {
  const isPlain = [MissingPrerequisite, UserError, CommandFailed].some((kind) => error instanceof kind);
  console.error(isPlain ? `\n${(error as Error).message}` : error);
  process.exitCode = 1;
}
