import { describe, expect, test } from 'vitest';
import { secretsOf } from '../../../src/acp/redact.ts';
import { SecretMask } from '../../../src/acp/secretMask.ts';

const createRedactor =
  (secrets: readonly string[]) =>
  (line: string): string =>
    new SecretMask(secrets).redact(line);

const redact = createRedactor([]);
const secret = 'fd9s8f7sd9f8s7df';

describe('case 50: secrets are redacted in traces', () => {
  test.each([
    'apiKey',
    'api_key',
    'x-api-key',
    'token',
    'access_token',
    'refreshToken',
    'Authorization',
    'password',
    'client_secret',
    'GITHUB_TOKEN',
  ])('the field %s', (name) => {
    const line = JSON.stringify({ a: 1, [name]: secret, b: 'kept' });
    expect(JSON.parse(redact(line))).toEqual({ a: 1, [name]: '[redacted]', b: 'kept' });
  });

  test('a field of JSON inside a string of JSON, to any depth', () => {
    let line = JSON.stringify({ token: secret, kept: true });
    for (let depth = 0; depth < 3; depth += 1) {
      line = JSON.stringify({ text: line });
      const redacted = redact(line);
      expect(redacted).not.toContain(secret);
      expect(redacted).toContain('kept');
      expect(() => JSON.parse(redacted) as unknown).not.toThrow();
    }
  });

  test('quotes in a value do not end it early', () => {
    expect(redact(JSON.stringify({ password: 'ab"cd', kept: 'x' }))).toBe(
      '{"password":"[redacted]","kept":"x"}',
    );
  });

  test('environments and headers of MCP servers', () => {
    const env = [
      { name: 'GITHUB_TOKEN', value: secret },
      { name: 'LANG', value: 'en' },
    ];
    expect(JSON.parse(redact(JSON.stringify({ env })))).toEqual({
      env: [{ name: 'GITHUB_TOKEN', value: '[redacted]' }, env[1]],
    });
  });

  test.each([
    `curl -H "Authorization: Basic ${secret}"`,
    `Authorization: Bearer ${secret}`,
    `export OPENAI_API_KEY=${secret} && run`,
    `https://user:${secret}@example.com/x`,
    `https://example.com/?token=${secret}`,
    `sk-ant-${secret}${secret}`,
    `ghp_${secret}`,
    `eyJhbGciOiJI.eyJzdWIiOiIx.${secret}`,
  ])('in text: %s', (text) => {
    const redacted = redact(text);
    expect(redacted).toContain('[redacted]');
    expect(redacted).not.toContain(secret);
  });

  test('the values given, as they are and as JSON writes them', () => {
    const withNewline = 'first "line"\nsecond\\line';
    const known = createRedactor([withNewline, 'hunter2', 'hunter2-longer', '', 'ab']);
    const line = JSON.stringify({
      text: `${withNewline} hunter2-longer hunter2 ab`,
      nested: JSON.stringify({ withNewline }),
    });
    const redacted = known(line);
    expect(JSON.parse(redacted)).toEqual({
      text: '[redacted] [redacted] [redacted] ab',
      nested: '{"withNewline":"[redacted]"}',
    });
    expect(known(`raw: ${withNewline}`)).toBe('raw: [redacted]');
  });

  test('an ordinary message stays as it is', () => {
    const line = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      result: {
        stopReason: 'max_tokens',
        auth: { terminal: true },
        inputTokens: 5,
        author: 'Ann',
        text: 'The tokenizer reads a token at a time; see https://example.com/a@b and key=value.',
      },
    });
    expect(redact(line)).toBe(line);
  });

  test('a line of megabytes takes linear time', () => {
    const line = JSON.stringify({ data: 'a-b_'.repeat(1_000_000), text: '"token '.repeat(10_000) });
    expect(redact(line)).toBe(line);
  });
});

describe('what is secret of an environment', () => {
  test('values, but not addresses, names of models and plain words', () => {
    const environment = {
      OPENAI_API_KEY: 'k-1234',
      OPENAI_BASE_URL: 'https://example.org/v1',
      OPENAI_MODEL: 'gpt-6',
      GOOGLE_GENAI_USE_VERTEXAI: 'true',
      MY_OWN: 'whatever it is',
    };
    expect(secretsOf(environment)).toEqual(['k-1234', 'whatever it is']);
  });

  test('an address with a password in it', () => {
    expect(secretsOf({ A_URL: 'https://ann:pw@example.org' })).toEqual(['https://ann:pw@example.org']);
  });

  test('what is secret inside a value that is JSON, by itself, too', () => {
    const session = JSON.stringify({
      accessToken: 'abc-secret',
      tenantURL: 'https://t.example',
      scopes: ['email'],
    });
    expect(secretsOf({ AUGMENT_SESSION_AUTH: session })).toEqual([session, 'abc-secret']);
    const config = JSON.stringify({
      provider: { own: { options: { apiKey: 'deep-secret', baseURL: 'x' } } },
    });
    expect(secretsOf({ OPENCODE_CONFIG_CONTENT: config })).toEqual([config, 'deep-secret']);
    expect(secretsOf({ BROKEN: '{"token": ' })).toEqual(['{"token": ']);
  });
});
