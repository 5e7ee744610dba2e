import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../harness/gateway.ts';
import { openApiDocument } from '../../../src/gateway/openApi.ts';

const run = promisify(execFile);
const read = (file: string): Promise<string> =>
  readFile(new URL(`../../../docs/${file}`, import.meta.url), 'utf8');

let test: TestGateway;

beforeAll(async () => {
  test = await startGateway();
});

afterAll(async () => {
  await test.close();
});

describe('docs/openapi.json', () => {
  it('is what the gateway is made of, and gives (else: npm run describe-api)', async () => {
    const published: unknown = JSON.parse(await read('openapi.json'));
    expect(published).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
    expect((await test.ask('GET', '/api/v1/openapi.json')).body).toEqual(published);
    expect((await test.problem('GET', '/api/v1/openapi.json', { token: null })).status).toBe(401);
  });
});

describe('docs/api.md', () => {
  it('has five examples that work as they stand', async () => {
    const examples = [...(await read('api.md')).matchAll(/```sh\n([\s\S]*?)```/g)].map(
      ([, code = '']) => code,
    );
    expect(examples).toHaveLength(5);
    const environment: Record<string, string> = { KANDEV: test.url, TOKEN: test.token };
    const answers: Record<string, unknown>[] = [];
    for (const example of examples) {
      const { stdout } = await run('sh', ['-c', example], {
        env: { PATH: process.env.PATH, ...environment },
      });
      const answer = JSON.parse(stdout) as Record<string, unknown>;
      expect(answer, example).not.toHaveProperty('reason');
      answers.push(answer);
      if (typeof answer.id === 'string' && !('TASK' in environment)) environment.TASK = answer.id;
      const card = await test.ask('GET', `/api/v1/tasks/${environment.TASK}`);
      environment.ETAG = card.headers.get('etag') ?? '';
    }
    const [made, , started, status, finished] = answers;
    expect(made).toMatchObject({ title: 'Update the changelog', labels: ['nightly'] });
    expect(started).toMatchObject({ state: 'IN_PROGRESS' });
    expect(status).toMatchObject({ taskId: environment.TASK });
    expect(finished).toMatchObject({ state: 'COMPLETED' });
  });
});
