import { lookup } from 'node:dns';
import { BlockList, type LookupFunction } from 'node:net';

/** Never to be reached by a name: this container itself, and what clouds tell their machines (169.254.169.254). */
const never = new BlockList();
/** Networks that are not the internet: only what the list names itself may be there, such as a company's own server. */
const inside = new BlockList();

for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  never.addSubnet(address, bits, 'ipv4');
}
for (const [address, bits] of [
  ['::', 128],
  ['::1', 128],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  never.addSubnet(address, bits, 'ipv6');
}
for (const [address, bits] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  inside.addSubnet(address, bits, 'ipv4');
}
inside.addSubnet('fc00::', 7, 'ipv6');

export function mayReach(address: string, mayBeInside: boolean): boolean {
  // An IPv6 address can stand for one of IPv4.
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  const plain = mapped ?? address;
  const family = plain.includes(':') ? 'ipv6' : 'ipv4';
  return !never.check(plain, family) && (mayBeInside || !inside.check(plain, family));
}

/**
 * Looks a name up and keeps what may be reached, so that what was checked is what is connected to: a name's owner can
 * make it lead anywhere, and elsewhere the next time.
 */
export function lookupReachable(mayBeInside: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = error ? [] : found.filter(({ address }) => mayReach(address, mayBeInside));
      const [first] = addresses;
      if (error) callback(error, '');
      else if (!first) callback(new NotReachable(hostname), '');
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** A name that leads to no address that may be reached. */
export class NotReachable extends Error {
  constructor(hostname: string) {
    super(`${hostname} leads to an address that may not be reached.`);
    this.name = 'NotReachable';
  }
}
