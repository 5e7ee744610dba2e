import type { GitIdentity } from './gitIdentity.ts';

export interface GeneratedGitConfig {
  identity: GitIdentity | null;
  /** The folder as the container has it: git would refuse it where it belongs to another user. */
  folder: string;
  /** Servers whose passwords are asked for by the command. */
  helper: { hosts: readonly string[]; command: string } | null;
  /** Whether passwords are looked up in ~/.git-credentials. */
  store: boolean;
}

/** The text of the configuration that git has in a container: only what was agreed to, and nothing of the user's own. */
export function gitConfigText({ identity, folder, helper, store }: GeneratedGitConfig): string {
  const sections: [section: string, settings: [key: string, value: string][]][] = [
    ['safe', [['directory', folder]]],
  ];
  if (identity) {
    const { name, email } = identity;
    sections.push([
      'user',
      [
        ...(name === null ? [] : [['name', name] as [string, string]]),
        ...(email === null ? [] : [['email', email] as [string, string]]),
      ],
    ]);
  }
  if (store) sections.push(['credential', [['helper', 'store']]]);
  for (const host of helper?.hosts ?? []) {
    sections.push([`credential ${quoted(`https://${host}`)}`, [['helper', helper?.command ?? '']]]);
  }
  return sections
    .map(
      ([section, settings]) =>
        `[${section}]\n${settings.map(([key, value]) => `\t${key} = ${quoted(value)}\n`).join('')}`,
    )
    .join('');
}

function quoted(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}
