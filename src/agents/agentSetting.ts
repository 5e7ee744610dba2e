import path from 'node:path';
import * as v from 'valibot';
import { resourceFields } from './resourcesSchema.ts';

const text = () => v.pipe(v.string('It must be a text.'), v.regex(/\S/, 'It must not be empty.'), v.trim());

const commandLine = () =>
  v.pipe(
    v.array(v.string('Each part must be a text.'), 'It must be a list: the program, then its arguments.'),
    v.minLength(1, 'It must name the program.'),
    v.check(([program]) => program?.trim() !== '', 'It must name the program.'),
  );

const variableName = () =>
  v.pipe(
    v.string('Each must be a text.'),
    v.regex(
      /^[A-Za-z_][A-Za-z0-9_]*$/,
      ({ input }) => `"${input}" is not a name of an environment variable. Values do not belong here.`,
    ),
  );

const flag = () => v.boolean('It must be true or false.');

/** An object with no other fields than these. */
const object = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.strictObject(entries, ({ expected }) => {
    if (expected === 'never') return 'Kandev knows no such field.';
    return expected === 'Object' ? 'It must be an object.' : 'It is missing.';
  });

const signInSchema = object({
  hint: v.optional(text()),
  command: v.optional(commandLine()),
  automatic: v.optional(
    v.array(
      object({ variable: variableName(), method: text() }),
      'It must be a list of variables and methods.',
    ),
  ),
  missingUntil: v.optional(v.picklist(['prompt'], 'It must be "prompt".')),
});

const quirksSchema = object({
  missingFileIsEmpty: v.optional(flag()),
  commandIsTitle: v.optional(flag()),
  noLoadInSameMinute: v.optional(flag()),
  errorMessage: v.optional(
    v.pipe(
      v.string('It must be a text.'),
      v.nonEmpty('It must not be empty.'),
      v.check(isRegularExpression, 'It is no regular expression.'),
    ),
  ),
  // Where it ends in a blank, that is part of it.
  modeMessagePrefix: v.optional(v.pipe(v.string('It must be a text.'), v.nonEmpty('It must not be empty.'))),
});

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * One entry of the setting `kandev.agents`: an agent type of the user's own, or what is to be otherwise in one that
 * Kandev brings along. package.json describes it to the editor.
 */
export const agentSettingSchema = object({
  id: v.pipe(
    v.string('It must be a text.'),
    v.regex(/^[a-z0-9][a-z0-9-]*$/, 'It must consist of small letters, digits and "-".'),
  ),
  name: v.optional(text()),
  image: v.optional(text()),
  build: v.optional(
    v.pipe(
      text(),
      v.check(
        (folder) => path.isAbsolute(folder),
        'It must be the whole path of a folder with a Dockerfile.',
      ),
    ),
  ),
  base: v.optional(v.picklist(['devcontainer'], 'It must be "devcontainer".')),
  pull: v.optional(v.picklist(['missing', 'always', 'never'], 'It must be "missing", "always" or "never".')),
  command: v.optional(commandLine()),
  environment: v.optional(v.array(variableName(), 'It must be a list of names.')),
  credentials: v.optional(flag()),
  cardTools: v.optional(flag()),
  variables: v.optional(
    v.record(
      variableName(),
      v.string('Each must be a text.'),
      'It must be an object: names and their values.',
    ),
  ),
  ...resourceFields,
  maxConcurrentRuns: v.optional(
    v.pipe(
      v.number('It must be a number.'),
      v.integer('It must be a whole number.'),
      v.minValue(1, 'It must be at least 1.'),
    ),
  ),
  files: v.optional(flag()),
  terminals: v.optional(flag()),
  stateFolder: v.optional(
    v.pipe(
      v.string('It must be a text.'),
      v.regex(
        /^(?!\/)(?!.*(^|\/)(\.{0,2}|\s*)(\/|$))[^\\]+$/,
        "It must be the path of a folder in the agent's home, without a slash at its beginning.",
      ),
    ),
  ),
  dialect: v.optional(v.picklist(['acp', 'legacy'], 'It must be "acp" or "legacy".')),
  firstMode: v.nullish(text()),
  signIn: v.optional(signInSchema),
  quirks: v.optional(quirksSchema),
});

export type AgentSetting = v.InferOutput<typeof agentSettingSchema>;
