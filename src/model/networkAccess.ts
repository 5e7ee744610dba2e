/**
 * What an agent may reach over the network: everything that the engine's bridge leads to, nothing, or only hosts of a
 * list. An entry of the list is a name (`api.example.com`), all names below one (`*.example.com`), or an IPv4 address,
 * with the port behind it where that is another than 80 and 443 (`git.example.com:8443`).
 */
export type NetworkAccess = 'bridge' | 'none' | readonly string[];

export interface HostRule {
  /** In small letters; without the `*.`. */
  host: string;
  /** Any name below `host`, and not `host` itself. */
  below: boolean;
  /** Null: 80 and 443. */
  port: number | null;
}

/** The ports of plain and encrypted HTTP. */
const usualPorts: readonly number[] = [80, 443];
const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const rulePattern = new RegExp(`^(\\*\\.)?(${label}(?:\\.${label})*)(?::(\\d{1,5}))?$`);
const longestName = 253;
const highestPort = 65_535;

/** Reads an entry of a list of hosts; null for what is none. */
export function parseHostRule(entry: string): HostRule | null {
  const [, star, host, digits] = rulePattern.exec(entry.trim().toLowerCase()) ?? [];
  if (host === undefined || host.length > longestName) return null;
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && (port === 0 || port > highestPort)) return null;
  // "*.com" would be half of the internet, and "*.1" is no part of an address.
  const below = star !== undefined;
  if (below && (!host.includes('.') || /^[\d.]+$/.test(host))) return null;
  return { host, below, port };
}

/** The rule that lets a host be reached at a port; null where none does. One that names the host goes first. */
export function findHostRule(rules: readonly HostRule[], host: string, port: number): HostRule | null {
  const name = host.toLowerCase().replace(/\.$/, '');
  const fits = (rule: HostRule): boolean =>
    (rule.below ? name.endsWith(`.${rule.host}`) : name === rule.host) &&
    (rule.port === null ? usualPorts.includes(port) : port === rule.port);
  const fitting = rules.filter(fits);
  return fitting.find(({ below }) => !below) ?? fitting[0] ?? null;
}

/** The entry that would let a host be reached; the port stands in it only where it must. */
export function hostEntry(host: string, port: number): string {
  return usualPorts.includes(port) ? host : `${host}:${port}`;
}
