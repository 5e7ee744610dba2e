import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError } from '../model/failure.ts';
import type { Credential } from './workspaces.ts';

/** A repository elsewhere. */
export interface RemoteUrl {
  /** As git gets it, without a password. */
  url: string;
  /** The ways by which git may reach it, and what the user's `insteadOf` settings may make of it. */
  protocols: readonly string[];
  /** The name and password that stood in the address. */
  credential: Credential | null;
}

const loopback = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
/** `git@github.com:owner/name.git`: no scheme, and a colon before the first slash. */
const scpLike = /^(?:[\w.+-]+@)?[\w][\w.-]*:(?!:)[^\s]+$/;

/**
 * Checks the address of a repository: https, ssh, `git@host:path`, or a folder on this machine; http only to this
 * machine. What git would take for an option or for a program (`-…`, `ext::…`) is refused, and so is everything else.
 *
 * @throws UserError `invalid-input`
 */
export function parseRemoteUrl(text: string): RemoteUrl {
  const address = text.trim();
  if (address === '' || address.startsWith('-') || /\p{Cc}/u.test(address) || /^[\w+.-]+::/.test(address)) {
    throw refused(address);
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme !== undefined) return withScheme(scheme, address);
  if (isAbsolute(address)) {
    // By its URL, so that git copies objects and does not link them.
    return { url: pathToFileURL(address).href, protocols: ['file'], credential: null };
  }
  if (scpLike.test(address)) return { url: address, protocols: ['ssh', 'https'], credential: null };
  throw refused(address);
}

function withScheme(scheme: string, address: string): RemoteUrl {
  if (scheme === 'file') return { url: address, protocols: ['file'], credential: null };
  const url = URL.parse(address);
  // A host that begins with a dash would be an option of ssh.
  if (!url || url.hostname === '' || url.hostname.startsWith('-') || url.username.startsWith('-')) {
    throw refused(address);
  }
  if (scheme === 'ssh') {
    url.password = '';
    return { url: url.href, protocols: ['ssh', 'https'], credential: null };
  }
  if (scheme !== 'https' && !(scheme === 'http' && loopback.test(url.hostname))) throw refused(address);
  const [username, password] = [decoded(url.username), decoded(url.password)];
  url.username = '';
  url.password = '';
  return {
    url: url.href,
    protocols: scheme === 'http' ? ['http', 'https', 'ssh'] : ['https', 'ssh'],
    // A token alone is a name without a password.
    credential: username === '' && password === '' ? null : { username, password },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refused(address: string): UserError {
  const shown = address.replace(/\/\/[^/@]*@/, '//');
  return new UserError({
    reason: 'invalid-input',
    message: `Kandev cannot clone from "${shown}". Use an address with https://, ssh:// or git@host:path, or the path of a folder.`,
  });
}
