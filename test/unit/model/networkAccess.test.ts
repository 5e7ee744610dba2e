import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findHostRule, hostEntry, parseHostRule } from '../../../src/model/networkAccess.ts';

const rulesOf = (...entries: string[]) =>
  entries.map((entry) => {
    const rule = parseHostRule(entry);
    if (!rule) throw new Error(`${entry} is no rule`);
    return rule;
  });

describe('an entry of the list of hosts', () => {
  it.each([
    ['api.example.com', { host: 'api.example.com', below: false, port: null }],
    [' API.Example.COM ', { host: 'api.example.com', below: false, port: null }],
    ['*.example.com', { host: 'example.com', below: true, port: null }],
    ['git.example.com:8443', { host: 'git.example.com', below: false, port: 8443 }],
    ['10.1.2.3:80', { host: '10.1.2.3', below: false, port: 80 }],
    ['localhost', { host: 'localhost', below: false, port: null }],
  ])('%s is read', (entry, rule) => {
    expect(parseHostRule(entry)).toEqual(rule);
  });

  it.each([
    '',
    '*',
    '*.',
    '*.com',
    'a.*.com',
    'https://example.com',
    'example.com/path',
    'user@example.com',
    'example.com:0',
    'example.com:65536',
    'example.com:',
    '-a.com',
    'a..b',
    '*.0.0.1',
    '[::1]',
    'exam ple.com',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(130)}com`,
  ])('%j is none', (entry) => {
    expect(parseHostRule(entry)).toBeNull();
  });
});

describe('what a list lets through', () => {
  const rules = rulesOf('api.example.com', '*.example.org', 'git.example.com:8443', 'both.example.org');
  it.each([
    ['api.example.com', 443, true],
    ['api.example.com', 80, true],
    ['API.EXAMPLE.COM.', 443, true],
    ['api.example.com', 22, false],
    ['api.example.com', 8443, false],
    ['example.com', 443, false],
    ['evil-api.example.com', 443, false],
    ['api.example.com.evil.net', 443, false],
    ['a.example.org', 443, true],
    ['a.b.example.org', 443, true],
    ['example.org', 443, false],
    ['evilexample.org', 443, false],
    ['git.example.com', 8443, true],
    ['git.example.com', 443, false],
    ['', 443, false],
    ['.', 443, false],
  ])('%s at %i: %s', (host, port, isLet) => {
    expect(findHostRule(rules, host, port) !== null).toBe(isLet);
  });

  it('is decided by the entry that names the host before one that covers it', () => {
    expect(findHostRule(rules, 'both.example.org', 443)?.below).toBe(false);
  });

  it('is what its entry says, for any host and port', () => {
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const rule = parseHostRule(hostEntry(host, port));
        return rule !== null && findHostRule([rule], host, port) === rule;
      }),
    );
  });
});
