/**
 * Opens a real VS Code with the packaged extension on a sample project, after installing what is missing.
 *
 * npm start
 */
import { once } from 'node:events';
import { mkdir, stat } from 'node:fs/promises';
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
import { withLock } from './setup/lock.mts';

const firstPort = 8123;
/** Unlike a window of the user's own, which leaves its agents at work: nobody would be there to end them. */
const atItsEnd =
  ', agents at work and their containers too; cards and files are kept. A reload leaves agents at work.';

function say(what: string, text: string): void {
  console.log(`  ${what.padEnd(9)} ${text}`);
}

/** Ctrl+C, or the system ends us. */
const stop = new AbortController();
const stopAsked = once(stop.signal, 'abort');
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stop.abort();
  });
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
  let editor: RunningEditor | undefined;
  try {
    await makeAgentImage(docker);
    // One start after the other looks for a free port and takes it.
    await mkdir(cacheDirectory, { recursive: true });
    editor = await withLock(path.join(cacheDirectory, 'start.lock'), () => openEditor(docker, runId));
    const news = await Promise.race([
      editor.ended.then(() => 'VS Code has ended.'),
      stopAsked.then(() => 'Stopping …'),
    ]);
    console.log(`\n${news}`);
  } finally {
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

/** Opens the user's own VS Code where it can show a window, else one in the browser, and says what to do next. */
async function openEditor({ setting }: DockerEngine, runId: string): Promise<RunningEditor> {
  const folder = await ensureSampleProject();
  say('Project', folder);
  const isDesktop = canShowDesktopCode();
  const port = isDesktop ? 0 : await freePort();
  // Two editors at once must not share their data; each finds its own again by its port.
  const userDataDir = path.join(cacheDirectory, isDesktop ? 'editor-desktop' : `editor-${port}`);
  const options: EditorOptions = {
    folder,
    userDataDir,
    extensions: [vsixFile, await seedSampleBoard(userDataDir)],
    settings: setting === null ? {} : { 'kandev.docker.host': setting },
    env: { KANDEV_TEST_RUN: runId },
  };
  const next = 'click the Kandev icon in the activity bar, then ▶ on a card, and answer when the agent asks';
  if (isDesktop) {
    const editor = await openDesktopCode(options);
    say('Editor', 'your VS Code, with settings and extensions of its own');
    console.log(`\nNext: ${next}.\nClose the window or press Ctrl+C here to end it${atItsEnd}`);
    return editor;
  }
  const server = await startCodeServer({ ...options, port });
  say('Editor', 'VS Code in the browser (code-server)');
  console.log(`\nNext: open ${server.url}\n      ${next}.\nCtrl+C stops it all${atItsEnd}`);
  return server;
}

/** An extension that puts the sample cards on the board of the sample project when it is opened for the first time. */
function seedSampleBoard(userDataDir: string): Promise<string> {
  const target = path.join(userDataDir, 'sample-seeder');
  return packageDevExtension('scripts/sample/seeder', target, ['scripts/sample/seeder/seeder.ts']);
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

try {
  await start();
} catch (error) {
  const isPlain = [MissingPrerequisite, UserError, CommandFailed].some((kind) => error instanceof kind);
  // What a step says that Ctrl+C has ended is of no interest.
  if (stop.signal.aborted) console.error('\nStopped.');
  else console.error(isPlain ? `\n${(error as Error).message}` : error);
  process.exitCode = 1;
}
