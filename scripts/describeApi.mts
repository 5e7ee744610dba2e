/**
 * Writes docs/openapi.json, the description of the API gateway, from the schemas that it checks with.
 *
 * node scripts/describeApi.mts
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format } from 'prettier';
import { openApiDocument } from '../src/gateway/openApi.ts';
import { projectRoot } from './paths.mts';

const text = await format(JSON.stringify(openApiDocument()), { parser: 'json', printWidth: 110 });
await writeFile(path.join(projectRoot, 'docs/openapi.json'), text);
