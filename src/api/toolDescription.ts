import { toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import type { ToolDescription } from '../orchestrator/agentToolDesk.ts';

export interface DescribableTool {
  name: string;
  title: string;
  /** For the model. */
  description: string;
  /** False where it changes something. */
  readOnly: boolean;
  input: v.GenericSchema;
}

/** A tool as MCP describes it, by the schema that its input is checked with. */
export function describeTool({
  name,
  title,
  description,
  input,
  readOnly,
}: DescribableTool): ToolDescription {
  const { $schema: _dialect, ...inputSchema } = toJsonSchema(input, {
    typeMode: 'input',
    errorMode: 'ignore',
  });
  return {
    name,
    title,
    description,
    inputSchema,
    annotations: { readOnlyHint: readOnly, openWorldHint: false },
  };
}

/** What is wrong with an input, for the model to read. */
export function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues
    .map(({ message, path }) => `${path?.map(({ key }) => String(key)).join('.') ?? 'The input'}: ${message}`)
    .join(' ');
}
