import { chown } from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { containerLabels, volumeLabels } from '../../src/agents/labels.ts';
import { removeStateVolume, stateVolumeName } from '../../src/agents/stateVolume.ts';
import { makeFolder, testRunId } from '../harness/testRun.ts';
import {
  ensureTestImage,
  neverAborted,
  RecordedProgress,
  requestFor,
  testEngine,
  testManager,
  withAgent,
} from './agents.ts';

let manager: AgentManager;
let folder = '';
let count = 0;
/** The agent type of one test, which has a volume of its own. */
let id = '';
const stateFolder = '.local/share/agent';

beforeAll(async () => {
  await ensureTestImage();
  manager = await testManager();
});

beforeEach(async () => {
  folder = await makeFolder('state');
  count += 1;
  id = `test-${testRunId()}-${count}`.toLowerCase();
});

afterEach(async () => {
  for (const { Name } of await volumes()) await removeStateVolume(await testEngine(), Name);
});

async function volumes() {
  const engine = await testEngine();
  const filters = { label: [`${containerLabels.testRun}=${testRunId()}`] };
  return (await engine.call('listing volumes', (docker) => docker.listVolumes({ filters }))).Volumes;
}

function launch(script: string, inFolder = folder) {
  const request = requestFor(inFolder, ['sh', '-c', script], { id, stateFolder });
  return manager.launch(request, new RecordedProgress(), neverAborted());
}

/** What a script in a run of the agent type prints. */
async function run(script: string, inFolder = folder): Promise<string> {
  return withAgent(launch(script, inFolder), async (agent) => {
    const output = Buffer.concat((await agent.stdout.toArray()) as Buffer[]).toString();
    expect(await agent.exited, agent.stderrTail()).toMatchObject({ exitCode: 0 });
    return output;
  });
}

describe('what an agent type keeps', () => {
  it('is there for its next run, and nobody else can read it', async () => {
    await run(`echo signed in > ~/${stateFolder}/auth && mkdir ~/${stateFolder}/more`);
    expect(await run(`cat ~/${stateFolder}/auth; stat -c "%a %U" ~/${stateFolder}`)).toBe(
      'signed in\n700 agent\n',
    );
    expect(await volumes()).toMatchObject([
      { Name: `kandev-state-${id}`, Labels: { [volumeLabels.state]: id } },
    ]);
  });

  it('leaves it room beside, which is gone with the container', async () => {
    expect(await run('echo x > ~/.local/share/x && echo y > ~/.local/y && cat ~/.local/y')).toBe('y\n');
    expect(await run('ls -A ~/.local ~/.local/share')).not.toMatch(/\bx\b|\by\b/);
  });

  it('is the same for two runs at the same time', async () => {
    const waiting = `until [ -e ~/${stateFolder}/go ]; do sleep 0.05; done; cat ~/${stateFolder}/go`;
    const first = await launch(waiting);
    try {
      await run(`echo now > ~/${stateFolder}/go`);
      expect(Buffer.concat((await first.stdout.toArray()) as Buffer[]).toString()).toBe('now\n');
    } finally {
      await first.dispose();
    }
  });

  it('is made once when two runs are the first', async () => {
    const write = (name: string) => run(`echo ${name} > ~/${stateFolder}/${name}`);
    await Promise.all([write('one'), write('two')]);
    expect(await run(`ls ~/${stateFolder}`)).toBe('one\ntwo\n');
  });

  it.runIf(process.getuid?.() === 0)('is kept apart from that of another user', async () => {
    const other = await makeFolder('other');
    await chown(folder, 12_345, 23_456);
    await chown(other, 12_346, 23_456);
    await run(`echo mine > ~/${stateFolder}/auth`);
    expect(await run(`ls ~/${stateFolder}; echo theirs > ~/${stateFolder}/auth`, other)).toBe('');
    expect(await run(`cat ~/${stateFolder}/auth`)).toBe('mine\n');
    expect(await run(`cat ~/${stateFolder}/auth`, other)).toBe('theirs\n');
    expect((await volumes()).map(({ Name }) => Name).sort()).toEqual([
      `kandev-state-${id}`,
      `kandev-state-${id}-12346-23456`,
    ]);
  });

  it('is not written into a volume that somebody else has made', async () => {
    const engine = await testEngine();
    const name = stateVolumeName(id);
    await engine.call('creating a volume', (docker) =>
      docker.createVolume({ Name: name, Labels: { [containerLabels.testRun]: testRunId() } }),
    );
    await expect(launch('true')).rejects.toMatchObject({
      failure: {
        reason: 'refused',
        message: expect.stringContaining(`"docker volume rm ${name}"`) as string,
      },
    });
  });

  it('can be forgotten, but not while it is used', async () => {
    const engine = await testEngine();
    const name = stateVolumeName(id);
    await withAgent(launch('exec cat'), async () => {
      await expect(removeStateVolume(engine, name)).rejects.toMatchObject({
        failure: { reason: 'refused', message: expect.stringContaining('is in use') as string },
      });
    });
    await removeStateVolume(engine, name);
    await removeStateVolume(engine, name);
    expect(await volumes()).toEqual([]);
  });

  it('takes no container to stay', async () => {
    await run('true');
    const engine = await testEngine();
    const filters = { label: [`${containerLabels.testRun}=${testRunId()}`] };
    const names = (
      await engine.call('listing containers', (docker) => docker.listContainers({ all: true, filters }))
    ).flatMap(({ Names }) => Names);
    expect(names.filter((name) => name.includes(id))).toEqual([]);
  });
});
