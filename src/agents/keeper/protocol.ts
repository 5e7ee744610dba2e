import { FrameParser } from '../demultiplex.ts';

/**
 * What goes between the extension and the keeper of a container: frames as engines have them (a type, three empty
 * bytes, a length of four bytes, big-endian, and so many bytes).
 */
export const frameType = {
  /** JSON: ClientControl to the keeper, KeeperControl from it. */
  control: 0,
  /** To the keeper one whole line for the agent, from it the agent's output. */
  data: 1,
  stderr: 2,
  /** JSON: RequestMessage to the extension, by way of the keeper; AnswerMessage back. */
  tools: 3,
} as const;

/** Where the keeper's program is in the container. */
export const keeperFile = '/opt/kandev/keeper.js';
/** Where in the container it listens: a tmpfs, as all else is read-only. */
export const keeperFolder = '/run/kandev';

/** So many requests of programs in the container wait for an answer at most. */
export const openRequestLimit = 32;
/** Of one, in bytes. */
export const requestLimit = 1024 * 1024;

/** A request of the Model Context Protocol by a program in the container, for whoever leads the run. */
export interface ToolRequest {
  /** Unique for ever. */
  id: string;
  method: string;
  params: unknown;
}

/** As JSON-RPC has it. */
export type ToolAnswer = { result: unknown } | { error: { code: number; message: string } };

export type RequestMessage = { type: 'request'; request: ToolRequest } | { type: 'cancel'; id: string };
export interface AnswerMessage {
  id: string;
  answer: ToolAnswer;
}

/** What is kept of the agent's output until it is stored, in bytes. More than the longest line that is understood. */
export const spoolLimit = 48 * 1024 * 1024;

/** An id of JSON-RPC as JSON: `5` and `"5"` are two. */
export type IdKey = string;

export interface AttachRequest {
  /** Tells connections of one process from those of another. */
  client: string;
  /** From which byte of the agent's output on. */
  offset: number;
  /** Which of these requests were handed to the agent, and which of its own were answered? */
  asked: readonly IdKey[];
  answered: readonly IdKey[];
}

export type ClientControl =
  | { type: 'attach'; attach: AttachRequest }
  /** The agent's output before this byte is not needed any more. */
  | { type: 'stored'; offset: number };

export interface Hello {
  /** The node that runs the keeper, by its path in the container. */
  node: string;
  /** How many processes have attached so far, this one included: from 1. */
  attachment: number;
  /** The first byte that follows. Not the one that was asked for where that is gone. */
  offset: number;
  /** How many lines of this client the agent was given. */
  accepted: number;
  asked: readonly IdKey[];
  answered: readonly IdKey[];
}

export interface AgentEnd {
  exitCode: number;
  oomKilled: boolean;
  /** Why it could not be started at all: `ENOENT`; null when it was. */
  notStarted: string | null;
}

export type KeeperControl =
  | { type: 'hello'; hello: Hello }
  /** So many lines of this client the agent was given. */
  | { type: 'accepted'; accepted: number }
  /** The last word: all output came before. */
  | { type: 'ended'; end: AgentEnd }
  /** Another process has attached. */
  | { type: 'displaced' };

export function encodeFrame(type: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderLength + payload.length);
  frame.writeUInt32BE(type * 2 ** 24, 0);
  frame.writeUInt32BE(payload.length, 4);
  payload.copy(frame, frameHeaderLength);
  return frame;
}

export function encodeControl(message: ClientControl | KeeperControl): Buffer {
  return encodeFrame(frameType.control, Buffer.from(JSON.stringify(message)));
}

export function encodeTools(message: RequestMessage | AnswerMessage): Buffer {
  return encodeFrame(frameType.tools, Buffer.from(JSON.stringify(message)));
}

const frameHeaderLength = 8;

/** No frame is larger: the agent's output comes in blocks of 64 KiB, and a request has a limit of its own. */
const maxFrameBytes = 16 * 1024 ** 2;

/** Hands over frames only as a whole: one whose sender was cut off never was. */
export class WholeFrames {
  readonly #parser: FrameParser;
  #parts: Buffer[] = [];
  #missing = 0;

  /** @throws Error at a frame that is too large: no keeper has sent that */
  constructor(onFrame: (type: number, payload: Buffer) => void) {
    this.#parser = new FrameParser(
      (type, part) => {
        this.#parts.push(part);
        this.#missing -= part.length;
        if (this.#missing > 0) return;
        const payload = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
        this.#parts = [];
        onFrame(type, payload);
      },
      (length) => {
        if (length > maxFrameBytes) throw new Error(`A frame of ${length} bytes`);
        this.#missing = length;
      },
    );
  }

  push(chunk: Buffer): void {
    this.#parser.push(chunk);
  }
}
