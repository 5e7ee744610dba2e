import type { CommandTable } from './commandContext.ts';

/** What agents may have of the user's. */
export const credentialCommands: CommandTable = {
  'kandev.credentials': ({ credentials }) => credentials.choose(),
};
