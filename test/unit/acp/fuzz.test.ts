import { readFileSync, readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { setImmediate as nextTick } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Message } from 'vscode-jsonrpc/node';
import { asObject } from '../../../src/acp/json.ts';
import { SessionState } from '../../../src/acp/sessionState.ts';
import { normalize } from '../../../src/acp/transport/dialects.ts';
import { NdjsonReader } from '../../../src/acp/transport/ndjsonReader.ts';
import { fromWire } from '../../../src/acp/transport/rpcMessages.ts';
import { codecV1 } from '../../../src/acp/v1/codec.ts';
import { transcript as examples } from './messages.ts';
import { TestClient, textPrompt } from './pipeAgent.ts';

/** What real agents said, a line each: Gemini CLI and Claude's agent at work, and Gemini loading a session. */
const recorded = readdirSync(new URL('transcripts/', import.meta.url)).flatMap((name) =>
  readFileSync(new URL(`transcripts/${name}`, import.meta.url), 'utf8')
    .trim()
    .split('\n'),
);
const lines = [...recorded, ...examples.map((message) => JSON.stringify(message))];
const messages = lines.map((line) => JSON.parse(line) as unknown);

describe('mutated transcripts', () => {
  /** A message in which some values are others. */
  const mutated = fc
    .tuple(
      fc.constantFrom(...messages),
      fc.array(fc.tuple(fc.nat(), fc.jsonValue()), { minLength: 1, maxLength: 4 }),
    )
    .map(([message, changes]) =>
      changes.reduce<unknown>((value, [place, by]) => replaceNode(value, place, by), message),
    );

  test('are decoded without a throw, and the model stays whole', () => {
    fc.assert(
      fc.property(fc.array(mutated, { maxLength: 10 }), (said) => {
        const state = new SessionState();
        for (const message of said.flatMap((value) => normalize(value).messages)) {
          fromWire(message);
          state.begin(codecV1.sessionSetup(message.result));
          codecV1.initializeResult(message.result);
          codecV1.sessionPage(message.result);
          codecV1.stopReason(message.result);
          codecV1.permission(message.params);
          for (const read of requestReaders) readOrRefuse(read, message.params);
          for (const update of codecV1.updates(message.params)) {
            if (update.type !== 'turn_end') state.apply(update);
          }
        }
        for (const { id, name, choices } of state.options) {
          expect(
            [id, name, ...choices.map((choice) => choice.id)].every((text) => typeof text === 'string'),
          ).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('neither end a connection nor keep it from what comes after', async () => {
    const cuts = fc.array(fc.nat(), { maxLength: 10 });
    const mutatedLine = mutated.map((message) => Buffer.from(JSON.stringify(message)));
    const spoiltLine = fc.tuple(fc.constantFrom(...messages), fc.nat(), fc.nat({ max: 255 })).map(spoil);
    const line = fc.constantFrom(...messages).map((message) => Buffer.from(JSON.stringify(message)));
    const said = fc.array(fc.oneof(mutatedLine, spoiltLine, line), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(said, cuts, async (text, places) => {
        const { client, agent, session } = await TestClient.withSession(
          { handlers: willing },
          { setup: { sessionId: 's' } },
        );
        let last = '';
        session.onEvent((event) => {
          if (event.type === 'message') last = event.text;
        });
        session.prompt(textPrompt).catch(() => undefined);
        for (const piece of cutAt(joinLines(text), places)) {
          agent.write(piece);
          await nextTick();
        }
        agent.say('s', 'the last word');
        await agent.settled();
        expect(last).toBe('the last word');
        client.connection.dispose();
      }),
      { numRuns: 150 },
    );
  });
});

describe('the reader', () => {
  /** Real lines, some spoilt, each of the others with a number to know it by. */
  const stream = fc
    .array(fc.tuple(fc.constantFrom(...messages), fc.boolean(), fc.nat(), fc.nat({ max: 255 })), {
      maxLength: 30,
    })
    .map((parts) =>
      parts.map(([message, isSpoilt, place, byte], index) => {
        // No id of a transcript is as high.
        const number = 1_000_000 + index;
        const numbered = withNumber(message, number);
        return isSpoilt || !isOneMessage(numbered)
          ? { line: spoil([message, place, byte]), number: null }
          : { line: Buffer.from(JSON.stringify(numbered)), number };
      }),
    );

  test('loses no valid message among spoilt ones, and keeps their order, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(stream, fc.array(fc.nat(), { maxLength: 20 }), async (parts, places) => {
        const read = await numbersRead(cutAt(joinLines(parts.map(({ line }) => line)), places));
        const valid = parts.flatMap(({ number }) => number ?? []);
        expect(read.filter((number) => valid.some((known) => known === number))).toEqual(valid);
      }),
      { numRuns: 300 },
    );
  });

  test('survives random bytes of any kind, and what follows them', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 500 }),
      fc
        .array(fc.constantFrom(0x0a, 0x0d, 0x7b, 0x7d, 0x22, 0x5c, 0xff, 0xc3, 0x31))
        .map((items) => Uint8Array.from(items)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.nat(), { maxLength: 20 }), async (garbage, places) => {
        const after = Buffer.from('\n{"jsonrpc":"2.0","method":"x","number":7}\n');
        expect(await numbersRead(cutAt(Buffer.concat([garbage, after]), places))).toEqual([7]);
      }),
      { numRuns: 300 },
    );
  });
});

const willing = {
  requestPermission: () => Promise.resolve({ outcome: 'cancelled' } as const),
  files: { readTextFile: () => Promise.resolve(null), writeTextFile: () => Promise.resolve() },
  terminals: {
    start: () =>
      Promise.resolve({
        exited: Promise.resolve({ exitCode: 0, signal: null }),
        kill: () => Promise.resolve(),
      }),
  },
  elicitation: {
    form: () => Promise.resolve({ action: 'decline' } as const),
    url: () => Promise.resolve({ action: 'decline' } as const),
  },
};

const requestReaders = [
  codecV1.elicitation,
  codecV1.elicitationId,
  codecV1.read,
  codecV1.write,
  codecV1.terminalCommand,
  codecV1.terminalId,
];

/** A request may be refused, and nothing else may be thrown. */
function readOrRefuse(read: (params: unknown) => unknown, params: unknown): void {
  try {
    read(params);
  } catch (error) {
    expect(error).toMatchObject({ name: 'RefusedError', code: -32602 });
  }
}

/** A line with one byte changed, added or taken out; its end stays. */
function spoil([message, place, byte]: [unknown, number, number]): Buffer {
  const bytes = Buffer.from(JSON.stringify(message));
  const at = place % bytes.length;
  const by = byte === 0x0a ? [] : [byte];
  const rest = place % 3 === 0 ? at : at + 1;
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(by), bytes.subarray(rest)]);
}

function joinLines(text: readonly Buffer[]): Buffer {
  return Buffer.concat(text.flatMap((line) => [line, Buffer.from('\n')]));
}

/** A response is known by its id; nothing else of it is kept but what it says. */
function withNumber(message: unknown, number: number): object {
  const known = asObject(message);
  return 'result' in known || 'error' in known ? { ...known, id: number } : { ...known, number };
}

/** What is told as several messages, as events of the older dialects are, has lost its number. */
function isOneMessage(message: object): boolean {
  const [only, ...others] = normalize(message).messages;
  return (
    others.length === 0 && only === message && fromWire(only) !== null && only.method !== '$/cancel_request'
  );
}

/** The numbers of the messages that a reader makes of these bytes, in order. */
async function numbersRead(pieces: readonly Uint8Array[]): Promise<unknown[]> {
  const source = new PassThrough();
  const numbers: unknown[] = [];
  const reader = new NdjsonReader(source);
  const closed = new Promise<void>((resolve) => reader.onClose(resolve));
  reader.listen((message) => {
    if ('number' in message) numbers.push(message.number);
    else if (Message.isResponse(message)) numbers.push(message.id);
    queueMicrotask(() => {
      reader.handled();
    });
  });
  for (const piece of pieces) source.write(piece);
  source.end();
  await closed;
  return numbers;
}

function cutAt(whole: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...places.map((place) => place % (whole.length + 1)), whole.length].sort((a, b) => a - b);
  return [0, ...cuts].slice(0, -1).map((start, index) => whole.subarray(start, cuts[index]));
}

/** A copy of the value in which one node, counted from the root in depth-first order, is another. */
function replaceNode(value: unknown, place: number, by: unknown): unknown {
  let countdown = place % countNodes(value);
  const copy = (node: unknown): unknown => {
    if (countdown-- === 0) return by;
    if (Array.isArray(node)) return node.map(copy);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, copy(child)]));
  };
  return copy(value);
}

function countNodes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, child) => sum + countNodes(child), 1);
}
