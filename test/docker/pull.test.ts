import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/agents/engine.ts';
import { ensureImage } from '../../src/agents/images.ts';
import { hasUpdate } from '../../src/agents/imageUpdates.ts';
import { builtInAgentTypes } from '../../src/agents/registry.ts';
import { makeFolder } from '../harness/testRun.ts';
import { neverAborted, RecordedProgress, testEngine } from './agents.ts';
import { startRegistry, type TestRegistry } from './registry.ts';

let engine: Engine;
let registry: TestRegistry;

beforeAll(async () => {
  engine = await testEngine();
});

beforeEach(async () => {
  registry = await startRegistry();
});

afterEach(() => registry.close());

function pull(image: string, progress = new RecordedProgress(), signal = neverAborted()): Promise<void> {
  return ensureImage({
    engine,
    agentType: { name: 'Test agent', image, buildContext: null },
    distFolder: '/nonexistent',
    progress,
    signal,
  });
}

async function imagesNamed(image: string): Promise<number> {
  const found = await engine.call('listing images', (docker) =>
    docker.listImages({ filters: { reference: [image] } }),
  );
  return found.length;
}

describe('an image that is not there', () => {
  it('is pulled, and says how far it is', async () => {
    const image = `${registry.host}/agent:1`;
    const progress = new RecordedProgress();
    const halfWay = progress.told(/Pulling .* … \d+ % \(\d\.\d MB\)/);
    const pulling = pull(image, progress);
    const [, percent, megabytes] = /(\d+) % \((\d\.\d) MB\)/.exec(await halfWay) ?? [];
    expect(Number(percent)).toBeLessThan(50);
    expect(Number(megabytes)).toBeGreaterThan(0);
    expect(Number(megabytes)).toBeLessThan(5);
    registry.releaseLayer();
    await pulling;
    expect(await imagesNamed(image)).toBe(1);
    expect(progress.activities[0]).toBe(`Pulling ${image} …`);
    expect(progress.activities.at(-1)).toBe(`Pulling ${image} … 100 % (8.0 MB)`);
    const percents = progress.activities.flatMap((text) => /(\d+) %/.exec(text)?.[1] ?? []).map(Number);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));

    // And is not pulled again.
    const again = new RecordedProgress();
    await pull(image, again);
    expect(again.activities).toEqual([]);
  });

  it('is given up when it is cancelled in the middle, and nothing is left', async () => {
    const image = `${registry.host}/agent:1`;
    const abort = new AbortController();
    const reason = new Error('stopped by the user');
    const pulling = pull(image, new RecordedProgress(), abort.signal);
    await Promise.race([registry.layerBegun, pulling]);
    const begun = performance.now();
    abort.abort(reason);
    await expect(pulling).rejects.toBe(reason);
    expect(performance.now() - begun).toBeLessThan(1_000);
    // Would complete a pull that goes on. When the engine hangs up by itself is its own affair: now and then it never does.
    registry.releaseLayer();
    expect(await imagesNamed(image)).toBe(0);
  });

  it.each([
    ['agent:other', 'image-missing', /127\.0\.0\.1:\d+ has no image 127\.0\.0\.1:\d+\/agent:other/],
    ['private:1', 'registry-denied', /wants you to sign in. Sign in to 127\.0\.0\.1:\d+/],
    ['refused:1', 'registry-denied', /does not give out the image/],
  ])('and cannot be had, %s, says why', async (name, reason, message) => {
    await expect(pull(`${registry.host}/${name}`)).rejects.toMatchObject({
      failure: { reason, message: expect.stringMatching(message) as string },
    });
  });

  it('and whose registry does not answer says so', async () => {
    const { host } = registry;
    await registry.close();
    await expect(pull(`${host}/agent:1`)).rejects.toMatchObject({
      failure: {
        reason: 'registry-unreachable',
        message: `The image ${host}/agent:1 is not on this machine, and Docker cannot reach ${host}. Check the network and start the card again.`,
      },
    });
    registry = await startRegistry();
  });
});

describe('an image of a registry that wants a sign-in', () => {
  const before = process.env.DOCKER_CONFIG;
  let folder: string;

  beforeEach(async () => {
    await registry.close();
    registry = await startRegistry({ wantsSignIn: true });
    folder = await makeFolder('docker-config');
    process.env.DOCKER_CONFIG = folder;
  });

  afterEach(() => {
    if (before === undefined) delete process.env.DOCKER_CONFIG;
    else process.env.DOCKER_CONFIG = before;
  });

  const signIn = (password: string): Promise<void> =>
    writeFile(
      path.join(folder, 'config.json'),
      JSON.stringify({
        auths: { [registry.host]: { auth: Buffer.from(`ann:${password}`).toString('base64') } },
      }),
    );

  it('is pulled with the sign-in that Docker has', async () => {
    await signIn('secret');
    const image = `${registry.host}/private:1`;
    const progress = new RecordedProgress();
    registry.releaseLayer();
    await pull(image, progress);
    expect(await imagesNamed(image)).toBe(1);
    expect(JSON.stringify([progress.activities, progress.logged])).not.toContain('secret');
    await engine.call('removing the image', (docker) => docker.getImage(image).remove({ force: true }));
  });

  it('offers to sign in, where nobody is or the password is wrong', async () => {
    const failure = {
      reason: 'registry-denied',
      action: { kind: 'registrySignIn', registry: registry.host },
    };
    await expect(pull(`${registry.host}/private:1`)).rejects.toMatchObject({ failure });
    await signIn('wrong');
    await expect(pull(`${registry.host}/private:1`)).rejects.toMatchObject({ failure });
  });
});

describe('the policy of an agent', () => {
  it('never pulls where it says so', async () => {
    const image = `${registry.host}/agent:1`;
    const never = ensureImage({
      engine,
      agentType: { name: 'Test agent', image, buildContext: null, pull: 'never' },
      distFolder: '/nonexistent',
      progress: new RecordedProgress(),
      signal: neverAborted(),
    });
    await expect(never).rejects.toMatchObject({
      failure: { reason: 'image-missing', action: { kind: 'openSetting', setting: 'kandev.agents' } },
    });
    expect(await imagesNamed(image)).toBe(0);
  });

  it('always pulls where it says so, and an update is seen', async () => {
    const image = `${registry.host}/agent:1`;
    registry.releaseLayer();
    const [demo] = builtInAgentTypes;
    if (!demo) throw new Error('There is no built-in agent type.');
    const agentType = { ...demo, image, buildContext: null, pull: 'always' as const };
    const ask = (progress: RecordedProgress) =>
      ensureImage({ engine, agentType, distFolder: '/nonexistent', progress, signal: neverAborted() });
    expect(await hasUpdate(engine, agentType, '/nonexistent', neverAborted())).toBeNull();
    await ask(new RecordedProgress());
    const again = new RecordedProgress();
    await ask(again);
    expect(again.activities[0]).toBe(`Pulling ${image} …`);
    expect(await hasUpdate(engine, agentType, '/nonexistent', neverAborted())).toBe(false);
    await registry.replaceImage();
    expect(await hasUpdate(engine, agentType, '/nonexistent', neverAborted())).toBe(true);
    await engine.call('removing the image', (docker) => docker.getImage(image).remove({ force: true }));
  });
});
