import { describe, expect, it } from 'vitest';
import { resolveMcpServers, variablesOf, withVariables } from '../../../src/orchestrator/mcpServers.ts';

describe('the setting kandev.mcpServers', () => {
  it('names programs and addresses', () => {
    const { servers, problems } = resolveMcpServers([
      { name: 'files', command: 'mcp-files', args: ['--root', '.'], env: { LEVEL: 'info' } },
      { name: 'docs', url: 'https://example.org/mcp', headers: { Accept: 'text/plain' } },
      { name: 'old', type: 'sse', url: 'http://127.0.0.1:9/sse' },
    ]);
    expect(problems).toEqual([]);
    expect(servers).toEqual([
      {
        name: 'files',
        command: 'mcp-files',
        args: ['--root', '.'],
        env: [{ name: 'LEVEL', value: 'info' }],
      },
      {
        type: 'http',
        name: 'docs',
        url: 'https://example.org/mcp',
        headers: [{ name: 'Accept', value: 'text/plain' }],
      },
      { type: 'sse', name: 'old', url: 'http://127.0.0.1:9/sse', headers: [] },
    ]);
  });

  it.each([
    [{ command: 'x' }],
    [{ name: 'x' }],
    [{ name: 'x', command: 'y', url: 'https://example.org' }],
    [{ name: 'x', url: 'file:///etc/passwd' }],
    [{ name: 'x', command: 'y', args: 'z' }],
    ['x'],
  ])('leaves %j out, says so, and keeps the others', (bad) => {
    const { servers, problems } = resolveMcpServers([bad, { name: 'good', command: 'good' }]);
    expect(servers.map((server) => server.name)).toEqual(['good']);
    expect(problems).toEqual([expect.stringMatching(/^kandev\.mcpServers, entry 1: /)]);
  });

  it('has no servers when it is empty, and says what it must be when it is something else', () => {
    expect(resolveMcpServers(undefined)).toEqual({ servers: [], problems: [] });
    expect(resolveMcpServers({ name: 'x' }).problems).toEqual([
      'kandev.mcpServers must be a list of servers.',
    ]);
  });

  it('takes secrets from the environment and not from the file', () => {
    const { servers } = resolveMcpServers([
      { name: 'a', command: 'a', env: { TOKEN: '${env:MY_TOKEN}', BOTH: '${env:A}-${env:B}' } },
      { name: 'b', url: 'https://example.org', headers: { Authorization: 'Bearer ${env:MY_TOKEN}' } },
    ]);
    expect(variablesOf(servers)).toEqual(['MY_TOKEN', 'A', 'B']);
    const filled = JSON.stringify(withVariables(servers, { MY_TOKEN: 'secret', A: '1' }));
    expect(filled).toContain('"value":"Bearer secret"');
    expect(filled).toContain('"value":"1-"');
    expect(filled).not.toContain('${env');
  });
});
