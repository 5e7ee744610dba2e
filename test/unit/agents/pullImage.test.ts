import { describe, expect, it } from 'vitest';
import { pullFailure } from '../../../src/agents/pullFailure.ts';
import { parsePullLine, PullProgress } from '../../../src/agents/pullProgress.ts';

function progressOf(...lines: object[]): PullProgress {
  const progress = new PullProgress();
  for (const line of lines) {
    const parsed = parsePullLine(JSON.stringify(line));
    if (parsed) progress.add(parsed);
  }
  return progress;
}

const mb = 1_000_000;
const announced = ['a', 'b'].map((id) => ({ status: 'Pulling fs layer', progressDetail: {}, id }));
const downloading = (id: string, current: number, total: number) => ({
  status: 'Downloading',
  progressDetail: { current, total },
  id,
});

describe('PullProgress', () => {
  it('begins at nothing', () => {
    expect(String(progressOf({ status: 'Pulling from library/node', id: '22' }, ...announced))).toBe(
      '0 % (0.0 MB)',
    );
  });

  it('counts the layers alike, and the bytes together', () => {
    const progress = progressOf(
      ...announced,
      downloading('a', 5 * mb, 10 * mb),
      downloading('b', 30 * mb, 30 * mb),
    );
    expect(String(progress)).toBe('52 % (35 MB)');
  });

  it('counts unpacking, and layers that are there already', () => {
    const progress = progressOf(
      { status: 'Already exists', id: 'a' },
      { status: 'Pulling fs layer', id: 'b' },
      downloading('b', 10 * mb, 10 * mb),
      { status: 'Download complete', id: 'b' },
      { status: 'Extracting', progressDetail: { current: 5 * mb, total: 10 * mb }, id: 'b' },
    );
    expect(String(progress)).toBe('92 % (10 MB)');
  });

  it('ends at all of it', () => {
    const done = ['a', 'b'].map((id) => ({ status: 'Pull complete', progressDetail: {}, id }));
    expect(progressOf(...announced, ...done).percent).toBe(100);
  });

  it('never goes back while a layer goes on', () => {
    const progress = progressOf(...announced);
    const lines = [
      downloading('a', 1, 10),
      downloading('b', 9, 10),
      { status: 'Verifying Checksum', id: 'a' },
      { status: 'Download complete', id: 'a' },
      { status: 'Extracting', progressDetail: { current: 0, total: 10 }, id: 'a' },
      { status: 'Waiting', id: 'b' },
      { status: 'Pull complete', id: 'a' },
    ];
    let before = 0;
    for (const line of lines) {
      progress.add(line);
      expect(progress.percent).toBeGreaterThanOrEqual(before);
      before = progress.percent;
    }
  });

  it.each(['', 'no json', '5', '{"id":5}', '{"progressDetail":{"current":"x"}}'])(
    'passes over %j',
    (text) => {
      expect(parsePullLine(text)).toBeNull();
    },
  );
});

describe('pullFailure', () => {
  const cases: [said: string, reason: string, message: RegExp][] = [
    [
      'Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io on 10.0.0.1:53: no such host',
      'registry-unreachable',
      /image ghcr\.io\/x\/y:1 is not on this machine, and Docker cannot reach ghcr\.io/,
    ],
    [
      'Get "https://ghcr.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
      'registry-unreachable',
      /cannot reach ghcr\.io/,
    ],
    ['received unexpected HTTP status: 503 Service Unavailable', 'registry-unreachable', /cannot reach/],
    [
      'manifest for ghcr.io/x/y:1 not found: manifest unknown: unknown tag',
      'image-missing',
      /ghcr\.io has no image/,
    ],
    [
      "pull access denied for ghcr.io/x/y, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      'registry-denied',
      /its name is wrong, or it wants you to sign in\. Sign in to ghcr\.io/,
    ],
    ['Head "https://ghcr.io/v2/x/y/manifests/1": unauthorized', 'registry-denied', /wants you to sign in/],
    [
      'Get "https://ghcr.io/v2/": unauthorized: incorrect username or password',
      'registry-denied',
      /ghcr\.io refused your sign-in/,
    ],
    ['toomanyrequests: You have reached your pull rate limit.', 'registry-denied', /no more images for now/],
    [
      'no matching manifest for linux/arm64/v8 in the manifest list entries',
      'image-missing',
      /does not exist for this machine's processor/,
    ],
    ['invalid reference format', 'image-missing', /is not a name of an image/],
    [
      'failed to register layer: Error processing tar file(exit status 1): write /x: no space left on device',
      'engine-disk-full',
      /out of disk space/,
    ],
    ['something new', 'image-missing', /could not be pulled from ghcr\.io/],
  ];

  it.each(cases)('%s', (said, reason, message) => {
    const { failure } = pullFailure('ghcr.io/x/y:1', new Error(said));
    expect(failure).toMatchObject({
      reason,
      message: expect.stringMatching(message) as string,
      detail: said,
    });
  });

  it.each([
    ['node:22', 'Docker Hub', null],
    ['kandev/gemini-agent', 'Docker Hub', null],
    ['localhost/x', 'localhost', 'localhost'],
    ['127.0.0.1:5000/x', '127.0.0.1:5000', '127.0.0.1:5000'],
  ])('names the registry of %s', (image, name, registry) => {
    const { message, action } = pullFailure(image, new Error('denied')).failure;
    expect(message.startsWith(name)).toBe(true);
    expect(action).toEqual({ kind: 'registrySignIn', registry });
  });
});
