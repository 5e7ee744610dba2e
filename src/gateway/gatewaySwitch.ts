import { join } from 'node:path';
import type {
  GatewayBoard,
  GatewayCommandResults,
  NewToken,
  OpenableGateway,
} from '../api/gatewayContract.ts';
import type { GatewaySettings, GatewayStatus, GatewayToken, SecretKeeper } from '../model/gateway.ts';
import type { openGateway, OpenGateway } from './openGateway.ts';
import type { TokenDesk } from './tokenDesk.ts';

/** `dist/gateway.js`. */
export interface GatewayModule {
  openGateway: typeof openGateway;
  TokenDesk: typeof TokenDesk;
}

export interface GatewaySwitchOptions {
  /** Where the address and the list of tokens are kept. */
  folder: string;
  /** Of the folder; the same for all its windows. */
  workspace: string;
  secrets: SecretKeeper;
  settings: () => GatewaySettings;
  /** Whether and where it runs or ran in the window that has led before. */
  before: () => GatewayStatus;
  /** Loads the server, which is large, when it is first needed. */
  load: () => Promise<GatewayModule>;
  onProblem: (text: string) => void;
}

const off: GatewayStatus = { url: null, port: null };

/** Starts and stops the gateway of the window that leads, one step after the other. Small: the server is loaded later. */
export class GatewaySwitch implements OpenableGateway {
  readonly #options: GatewaySwitchOptions;
  readonly #board: GatewayBoard;
  #module: Promise<GatewayModule> | null = null;
  #tokens: Promise<TokenDesk> | null = null;
  #open: OpenGateway | null = null;
  /** Whether it was started by hand, and is not off because a setting says so. */
  #byHand = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: GatewaySwitchOptions, board: GatewayBoard) {
    this.#options = options;
    this.#board = board;
  }

  get status(): GatewayStatus {
    return this.#open ? { url: this.#open.url, port: this.#open.port } : off;
  }

  /**
   * Starts it where the settings say so, or where it ran in the window that has led before: at the same port, so that
   * programs find it again.
   */
  async begin(): Promise<void> {
    const { port } = this.#options.before();
    if (port === null && !this.#options.settings().enabled) return;
    this.#byHand = port !== null;
    await this.#inTurn(() => this.#start(port));
  }

  start(): Promise<GatewayStatus> {
    this.#byHand = true;
    return this.#inTurn(() => this.#start(null));
  }

  stop(): Promise<GatewayStatus> {
    this.#byHand = false;
    return this.#inTurn(() => this.#stop());
  }

  reconfigure(): Promise<GatewayStatus> {
    return this.#inTurn(async () => {
      const isOn = this.#open !== null;
      if (!this.#options.settings().enabled && !this.#byHand) return this.#stop();
      if (isOn) await this.#stop();
      return this.#start(null);
    });
  }

  async createToken(request: NewToken): Promise<GatewayCommandResults['gateway.createToken']> {
    return (await this.#desk()).create(request);
  }

  async tokens(): Promise<GatewayToken[]> {
    return (await this.#desk()).list();
  }

  async revoke(ids: readonly string[]): Promise<void> {
    await (await this.#desk()).revoke(ids);
  }

  /** For the end of the window: the other windows are not told, for one of them goes on. */
  async close(): Promise<void> {
    await this.#last;
    const open = this.#open;
    this.#open = null;
    await open?.close();
  }

  async #start(port: number | null): Promise<GatewayStatus> {
    if (this.#open) return this.status;
    const { folder, settings, onProblem } = this.#options;
    const { openGateway: open } = await this.#loaded();
    const common = {
      board: this.#board,
      tokens: await this.#desk(),
      addressFile: join(folder, 'address.json'),
      onProblem,
    };
    const wanted = settings();
    const again = wanted.port === 0 && port !== null ? { ...wanted, port } : null;
    this.#open = again
      ? // Somebody else may have it by now.
        await open({ ...common, settings: again }).catch(() => open({ ...common, settings: wanted }))
      : await open({ ...common, settings: wanted });
    this.#board.changed(this.status);
    return this.status;
  }

  async #stop(): Promise<GatewayStatus> {
    const open = this.#open;
    if (!open) return off;
    this.#open = null;
    await open.close();
    this.#board.changed(off);
    return off;
  }

  #loaded(): Promise<GatewayModule> {
    this.#module ??= this.#options.load().catch((error: unknown) => {
      this.#module = null;
      throw error;
    });
    return this.#module;
  }

  #desk(): Promise<TokenDesk> {
    const { secrets, workspace, folder } = this.#options;
    this.#tokens ??= this.#loaded().then(
      ({ TokenDesk: Desk }) => new Desk({ secrets, workspace, file: join(folder, 'tokens.json') }),
    );
    return this.#tokens;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
