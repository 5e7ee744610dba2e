import { spawn } from 'node:child_process';
import path from 'node:path';
import { withoutGit, type Host } from './host.ts';
import { isHost } from './gitHosts.ts';

/** A name and a password for a server. */
export interface GitCredential {
  username: string;
  password: string;
}

export interface CredentialQuestion {
  /** With its port, where that is not the usual one. */
  host: string;
  /** Below the host, for users who have a password for each repository. */
  path: string | null;
  username: string | null;
}

const limitMs = 30_000;
const maxAnswer = 64 * 1024;

/**
 * Asks the user's git for a password, as git itself does: its helpers are asked, nobody else is, and nothing is kept.
 * Null when none of them knows one.
 */
export function fillCredential(host: Host, question: CredentialQuestion): Promise<GitCredential | null> {
  return new Promise((resolve) => {
    // The configuration of the folder has no say: an agent may have written it.
    const child = spawn('git', ['-c', 'core.askPass=', 'credential', 'fill'], {
      cwd: path.parse(host.homeFolder).root,
      env: {
        ...withoutGit(host.environment),
        GIT_TERMINAL_PROMPT: '0',
        GCM_INTERACTIVE: 'never',
        LC_ALL: 'C',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
      windowsHide: true,
    });
    let answer = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
      if (answer.length > maxAnswer) child.kill('SIGKILL');
    });
    child.stdin.on('error', () => undefined);
    child.once('error', () => {
      resolve(null);
    });
    child.once('close', (code) => {
      resolve(code === 0 ? credentialIn(answer) : null);
    });
    child.stdin.end(`${describe(question)}\n`);
  });
}

/** A question in git's words. @see gitcredentials(7), "protocol", "host" */
function describe({ host, path: below, username }: CredentialQuestion): string {
  const fields = { protocol: 'https', host, path: below, username };
  return Object.entries(fields)
    .filter((field): field is [string, string] => field[1] !== null)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** What git asks a helper; null for what is not about a server that is reached by https. */
export function readQuestion(text: string): CredentialQuestion | null {
  const fields = fieldsOf(text);
  const host = fields.get('host');
  if (fields.get('protocol') !== 'https' || host === undefined || !isHost(host)) return null;
  return { host, path: fields.get('path') ?? null, username: fields.get('username') ?? null };
}

function credentialIn(text: string): GitCredential | null {
  const fields = fieldsOf(text);
  const password = fields.get('password') ?? '';
  return password === '' ? null : { username: fields.get('username') ?? '', password };
}

function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0 && !/[\0\r]/.test(line)) fields.set(line.slice(0, at), line.slice(at + 1));
  }
  return fields;
}
