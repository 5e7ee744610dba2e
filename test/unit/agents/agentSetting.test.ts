import { readFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import { describe, expect, it } from 'vitest';
import { agentSettingSchema } from '../../../src/agents/agentSetting.ts';
import { builtInAgentTypes } from '../../../src/agents/registry.ts';

interface Manifest {
  contributes: { configuration: { properties: Record<string, { items?: unknown }> } };
}

/** What the schema cannot say: only an agent of the user's own needs a command, and an image or a way to make one. */
const whatIsNeeded = {
  if: { properties: { id: { enum: builtInAgentTypes.map(({ id }) => id) } } },
  else: { required: ['command'], anyOf: [{ required: ['image'] }, { required: ['build'] }] },
};

/** For people alone. */
const texts = ['description', 'enumDescriptions', 'defaultSnippets'];

/** The same without the texts; `properties` has names for keys, which may be theirs. */
function withoutTexts(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutTexts);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => !texts.includes(key))
      .map(([key, value]) => [key, key === 'enum' ? (value as unknown) : withoutTexts(value)]),
  );
}

describe('the setting kandev.agents', () => {
  it('is described to the editor as it is read', () => {
    const manifest = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as Manifest;
    const { items } = manifest.contributes.configuration.properties['kandev.agents'] ?? {};
    const { $schema: _dialect, ...schema } = toJsonSchema(agentSettingSchema, {
      typeMode: 'input',
      // Checks that are code have no place in a schema.
      errorMode: 'ignore',
    });
    expect(withoutTexts(items)).toEqual({ ...schema, ...whatIsNeeded });
  });
});
