import { readFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import { describe, expect, it } from 'vitest';
import { cardTools } from '../../../src/api/cardTools.ts';

interface Manifest {
  contributes: { languageModelTools: { name: string; modelDescription: string; inputSchema: object }[] };
}

const manifest = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as Manifest;

describe('the tools of VS Code’s chat', () => {
  it('are contributed as they are checked, all but the one that answers agents', () => {
    const expected = cardTools
      .filter(({ scope }) => scope !== 'approve')
      .map(({ name, description, input }) => {
        const { $schema: _dialect, ...inputSchema } = toJsonSchema(input, {
          typeMode: 'input',
          errorMode: 'ignore',
        });
        return { name: `kandev_${name}`, modelDescription: description, inputSchema };
      });
    const contributed = manifest.contributes.languageModelTools.map(
      ({ name, modelDescription, inputSchema }) => ({ name, modelDescription, inputSchema }),
    );
    expect(contributed).toEqual(JSON.parse(JSON.stringify(expected)));
  });
});
