import { describe, expect, it } from 'vitest';
import { mayReach } from '../../../src/egress/addresses.ts';

describe('an address', () => {
  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '::1',
    '::',
    'fe80::1',
    '::ffff:127.0.0.1',
    '224.0.0.1',
  ])('that is this container or its machine’s own business is never reached: %s', (address) => {
    expect(mayReach(address, true)).toBe(false);
    expect(mayReach(address, false)).toBe(false);
  });

  it.each(['10.0.0.1', '172.17.0.1', '192.168.1.1', '100.64.0.1', 'fd00::1', '::ffff:10.0.0.1'])(
    'of an inner network is reached by a host that the list names, and by no other: %s',
    (address) => {
      expect(mayReach(address, true)).toBe(true);
      expect(mayReach(address, false)).toBe(false);
    },
  );

  it.each(['1.1.1.1', '172.32.0.1', '2606:4700::1111'])('of the internet is reached: %s', (address) => {
    expect(mayReach(address, false)).toBe(true);
  });
});
