import { access, readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { dockerFolder, type EndpointSources } from './endpoint.ts';
import { askCredentialHelper, registryAuth, registryOf, type RegistryAuth } from './registryAuth.ts';

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
    list: (folder) => readdir(folder).catch(() => []),
    exists: (file) =>
      access(file).then(
        () => true,
        () => false,
      ),
  };
}

/** The user's sign-in to an image's registry, as Docker keeps it; null where there is none. Throws as `registryAuth`. */
export function hostRegistryAuth(image: string): Promise<RegistryAuth | null> {
  const sources = hostSources(null, process.env);
  return registryAuth(registryOf(image), {
    readConfig: () => sources.readText(path.join(dockerFolder(sources), 'config.json')),
    askHelper: askCredentialHelper,
  });
}
