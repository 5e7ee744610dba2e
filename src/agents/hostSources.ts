import { access, readFile } from 'node:fs/promises';
import os from 'node:os';
import type { EndpointSources } from './endpoint.ts';

/** This machine, as the resolution of the endpoint wants to see it. */
export function hostSources(
  setting: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): EndpointSources {
  return {
    setting,
    environment,
    platform: process.platform,
    homeFolder: os.homedir(),
    readText: (file) => readFile(file, 'utf8').catch(() => null),
    exists: (file) =>
      access(file).then(
        () => true,
        () => false,
      ),
  };
}
