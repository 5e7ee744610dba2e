import type { CommandTable } from './commandContext.ts';

/** What agents may have of the user's, and of the workspace's. */
export const credentialCommands: CommandTable = {
  'kandev.credentials': ({ credentials }) => credentials.choose(),

  'kandev.devcontainer': ({ devcontainers }) => devcontainers.choose(),
};
