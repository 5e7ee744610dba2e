import { describe, expect, it } from 'vitest';
import { connectionFailure, launchFailure, messageOf, statusOf } from '../../../src/agents/engineFailure.ts';

const endpoint = 'unix:///var/run/docker.sock';

function failedCall(code: string): Error {
  return Object.assign(new Error(`connect ${code} /var/run/docker.sock`), { code });
}

/** As docker-modem makes it. */
function refusal(statusCode: number, said: string): Error {
  return Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${said} `), { statusCode });
}

describe('connectionFailure', () => {
  it.each([
    [
      'ENOENT',
      'engine-not-running',
      /not installed or not running: nothing answers at unix:\/\/\/var\/run\/docker\.sock/,
    ],
    ['ECONNREFUSED', 'engine-not-running', /not installed or not running/],
    ['ENOTFOUND', 'engine-not-running', /not installed or not running/],
    [
      'EACCES',
      'engine-permission',
      /no permission for the Docker socket unix:\/\/\/var\/run\/docker\.sock.*"docker"/,
    ],
    ['ECONNRESET', 'engine-not-running', /The connection to Docker .* broke/],
    ['ETIMEDOUT', 'engine-not-answering', /does not answer/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'engine-not-answering', /cannot talk to Docker/],
  ])('%s', (code, reason, message) => {
    expect(connectionFailure(failedCall(code), endpoint)?.failure).toMatchObject({
      reason,
      message: expect.stringMatching(message) as string,
      action: { kind: 'checkEngine' },
    });
  });

  it('leaves the refusals of an engine that answers to others', () => {
    expect(connectionFailure(refusal(409, 'Conflict'), endpoint)).toBeNull();
  });
});

describe('what the engine said', () => {
  it('is told without what dockerode puts before it', () => {
    const error = refusal(500, 'Get "https://x/v2/": EOF - really');
    expect([statusOf(error), messageOf(error)]).toEqual([500, 'Get "https://x/v2/": EOF - really']);
    expect(statusOf(failedCall('ENOENT'))).toBeNull();
  });
});

describe('launchFailure', () => {
  const thing = { agentName: 'Gemini', image: 'img:1', command: ['gemini', '--acp'], folder: '/work/a' };
  it.each([
    [
      400,
      'invalid mount config for type "bind": bind source path does not exist: /work/a',
      'folder-not-visible',
      /Docker does not see \/work\/a\./,
    ],
    [
      500,
      'Mounts denied: \r\nThe path /work/a is not shared from the host and is not known to Docker.',
      'folder-not-visible',
      /Docker does not see \/work\/a\./,
    ],
    [
      500,
      "error while creating mount source path '/run/desktop/work': mkdir /run/desktop: file exists",
      'folder-not-visible',
      /Docker does not see \/work\/a\./,
    ],
    [
      400,
      'OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "gemini": executable file not found in $PATH: unknown',
      'command-missing',
      /the command "gemini" is not there in the image img:1/,
    ],
    [
      500,
      'OCI runtime create failed: runc create failed: unable to start container process: exec: "gemini": permission denied: unknown',
      'command-missing',
      /the command "gemini" may not be run/,
    ],
    [
      500,
      'crun: executable file `gemini` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found',
      'command-missing',
      /the command "gemini" is not there/,
    ],
    [404, 'No such image: img:1', 'image-missing', /image img:1 was removed while Gemini was being started/],
    [
      500,
      'mkdir /var/lib/docker/overlay2/x: no space left on device',
      'engine-disk-full',
      /out of disk space/,
    ],
  ])('%d %s', (status, said, reason, message) => {
    expect(launchFailure(refusal(status, said), thing)?.failure).toMatchObject({
      reason,
      message: expect.stringMatching(message) as string,
      detail: said,
    });
  });

  it.each(['something new', 'OCI runtime create failed: error mounting "/x" to rootfs: permission denied'])(
    'invents no words for what it does not know: %s',
    (said) => {
      expect(launchFailure(refusal(500, said), thing)).toBeNull();
    },
  );
});
