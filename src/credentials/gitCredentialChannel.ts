import { chown, mkdir, open, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import {
  fillCredential,
  readQuestion,
  type CredentialQuestion,
  type GitCredential,
} from './gitCredential.ts';
import { helperScript } from './gitCredentialHelper.ts';
import type { Host } from './host.ts';

export interface GitCredentialChannelOptions {
  host: Host;
  /** What containers mount: the socket, and the program that speaks to it. Made when it is needed. */
  folder: string;
  /** The servers that the user has agreed to, as of now: what is taken back counts at once. */
  allowed: () => Promise<readonly string[]>;
  /** A password goes out to an agent: from now on it is a secret of the runs. */
  onGiven: (server: string, credential: GitCredential) => void;
  /** Told once for each server. */
  onRefused: (server: string) => void;
}

/** Longer questions are nobody's. */
const maxQuestion = 4096;
const maxConnections = 16;
const idleMs = 60_000;
/** Of the address of a socket, with its end; 104 on other systems than Linux, where there is no channel. */
const maxAddress = 108;

/**
 * Through this, git in a container asks git on the host for a password: only to look one up, only for servers that the
 * user has agreed to, and by https alone. One socket serves all containers of a workspace, and is made anew at the same
 * place by each window that leads.
 */
export class GitCredentialChannel {
  readonly #options: GitCredentialChannelOptions;
  readonly #refused = new Set<string>();
  readonly #connections = new Set<Socket>();
  #opening: Promise<void> | null = null;
  #server: Server | null = null;
  #place: FileHandle | null = null;

  constructor(options: GitCredentialChannelOptions) {
    this.#options = options;
  }

  /**
   * Listens, where it does not do so already.
   * @param user whom containers run as: they and this process alone can speak to the socket
   * @returns the folder to mount
   */
  async open(user: { uid: number; gid: number }): Promise<string> {
    this.#opening ??= this.#open(user).catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    await this.#opening;
    return this.#options.folder;
  }

  /** Listens again for containers that have outlived the window that led before; nothing where there never were any. */
  async reopen(): Promise<void> {
    const owner = await stat(this.#options.folder).catch(() => null);
    if (owner) await this.open(owner);
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    this.#opening = null;
    for (const connection of this.#connections) connection.destroy();
    this.#server?.close();
    this.#server = null;
    await this.#place?.close();
    this.#place = null;
  }

  async #open({ uid, gid }: { uid: number; gid: number }): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const helper = path.join(folder, 'helper');
    const socket = path.join(folder, 'socket');
    await writeFile(helper, helperScript, { mode: 0o755 });
    // Left behind by a window that died, or held by one that has lost the lead.
    await rm(socket, { force: true });
    const server = createServer({ allowHalfOpen: true }, (connection) => {
      this.#serve(connection);
    });
    server.maxConnections = maxConnections;
    const address = await this.#address(socket);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, resolve);
    });
    server.unref();
    this.#server = server;
    if (process.getuid?.() === 0) {
      for (const file of [socket, helper, folder]) await chown(file, uid, gid);
    }
  }

  /** Where storage folders lie, paths are soon too long for a socket; by way of the open folder they are short. */
  async #address(socket: string): Promise<string> {
    if (Buffer.byteLength(socket) < maxAddress) return socket;
    this.#place = await open(path.dirname(socket), 'r');
    return `/proc/self/fd/${this.#place.fd}/${path.basename(socket)}`;
  }

  #serve(connection: Socket): void {
    this.#connections.add(connection);
    let question = '';
    let answered = false;
    const answer = (): void => {
      if (answered) return;
      answered = true;
      void this.#answer(question).then((said) => connection.end(said));
    };
    connection.setEncoding('utf8');
    connection.setTimeout(idleMs, () => connection.destroy());
    connection.on('error', () => undefined);
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('end', answer);
    connection.on('data', (text: string) => {
      question += text;
      if (question.length > maxQuestion) connection.destroy();
      else if (question.includes('\n\n')) answer();
    });
  }

  /** What git is told: nothing where it is to be told nothing. */
  async #answer(text: string): Promise<string> {
    const { host, allowed, onGiven } = this.#options;
    const question = readQuestion(text);
    if (!question) return '';
    if (!(await allowed()).includes(question.host)) {
      this.#refuse(question);
      return '';
    }
    const credential = await fillCredential(host, question);
    if (!credential) return '';
    onGiven(question.host, credential);
    return `username=${credential.username}\npassword=${credential.password}\n`;
  }

  #refuse({ host }: CredentialQuestion): void {
    // Names are the agent's choice: not without end.
    if (this.#refused.has(host) || this.#refused.size > 100) return;
    this.#refused.add(host);
    this.#options.onRefused(host);
  }
}
