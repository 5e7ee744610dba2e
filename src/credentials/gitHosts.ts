import { askGit, type Host } from './host.ts';

/** The servers that a repository's remotes are on, as far as git reaches them by https: "github.com", "git.example:8443". */
export async function remoteHosts(host: Host, folder: string | null): Promise<string[]> {
  if (folder === null) return [];
  const said = await askGit(host, ['config', '--get-regexp', String.raw`^remote\..*\.url$`], folder);
  const urls = (said ?? '').split('\n').map((line) => line.slice(line.indexOf(' ') + 1));
  return [...new Set(urls.flatMap((url) => httpsHost(url) ?? []))].sort();
}

/** The host with its port, where it is not the usual one; null for what is no https address. */
function httpsHost(url: string): string | null {
  const parsed = URL.parse(url.trim());
  return parsed?.protocol === 'https:' && isHost(parsed.host) ? parsed.host : null;
}

/** What git would take for a host: nothing that could end a line, or begin another field. */
export function isHost(text: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?(:\d{1,5})?$/i.test(text);
}

/** Whether the user's git has a program that knows passwords for this server. */
export async function hasHelper(host: Host, server: string): Promise<boolean> {
  const args = ['config', '--get-urlmatch', 'credential.helper', `https://${server}`];
  return (await askGit(host, args, null)) !== null;
}
