/** Many programs at once at one gateway: what they ask, what they are told, and whether any of it was lost or doubled. */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { WebSocket } from 'ws';

export interface LoadTarget {
  url: string;
  /** For all scopes. */
  token: string;
  /** Cards whose agents are at work, or about to be. */
  taskIds: readonly string[];
}

export interface LoadOptions {
  /** Programs that ask again as soon as they have their answer. */
  clients: number;
  /** Programs that follow a card, the same number at each; every third one loses its connection again and again. */
  streams: number;
  /** How long a client waits between two questions, in milliseconds. */
  pauseMs: number;
}

export interface LoadOutcome {
  requests: number;
  /** The longest that anybody waited for an answer, in milliseconds. */
  slowestMs: number;
  frames: number;
  reconnects: number;
  /** What went wrong, in a sentence each; none when nothing was lost, doubled or refused. */
  problems: string[];
}

interface Frame {
  type: string;
  seq?: number;
  entry?: { runId: string; seq: number; text: string };
  status?: { state: string };
}

interface Reply {
  status: number;
  body: unknown;
}

/** Loads a gateway until the agents of all cards are done. */
export async function loadGateway(target: LoadTarget, options: LoadOptions): Promise<LoadOutcome> {
  const outcome: LoadOutcome = { requests: 0, slowestMs: 0, frames: 0, reconnects: 0, problems: [] };
  const agent = new Agent({ keepAlive: true, maxSockets: options.clients });
  const followers = Array.from(
    { length: options.streams },
    (_none, n) => new Follower(target, target.taskIds[n % target.taskIds.length] ?? '', n % 3 === 0, outcome),
  );
  const load = randomUUID();
  let isOver = false;
  const made: string[] = [];
  const clients = Array.from({ length: options.clients }, async (_none, n) => {
    for (let count = 0; !isOver; count++) {
      const begun = performance.now();
      const title = count === 3 ? `Card ${n} of ${load}` : null;
      const reply = await askSomething(target, agent, n + count, title).catch((error: unknown) =>
        String(error),
      );
      outcome.requests += 1;
      outcome.slowestMs = Math.max(outcome.slowestMs, performance.now() - begun);
      if (typeof reply === 'string') outcome.problems.push(`A request failed: ${reply}`);
      else if (reply.status >= 300) outcome.problems.push(`A request was answered with ${reply.status}.`);
      else if (title !== null) made.push(title);
      await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
    }
  });
  await Promise.all(followers.map((follower) => follower.done()));
  isOver = true;
  await Promise.all(clients);
  await checkStreams(target, agent, followers, outcome);
  await checkCards(target, agent, made, outcome);
  agent.destroy();
  return outcome;
}

function askSomething(target: LoadTarget, agent: Agent, n: number, title: string | null): Promise<Reply> {
  if (title !== null) return ask(target, agent, '/api/v1/tasks', { title, labels: ['load'] });
  const taskId = target.taskIds[n % target.taskIds.length] ?? '';
  const places = [
    '/api/v1/tasks?limit=50',
    `/api/v1/orchestrator/tasks/${taskId}/status`,
    `/api/v1/tasks/${taskId}/runs`,
  ];
  return ask(target, agent, places[n % places.length] ?? '');
}

function ask({ url, token }: LoadTarget, agent: Agent, path: string, body?: object): Promise<Reply> {
  const text = body && JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}${path}`,
      {
        agent,
        method: text === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: JSON.parse(Buffer.concat(parts).toString()) as unknown,
          });
        });
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

/** A program that follows a card until that is in Review and all is told. */
class Follower {
  readonly taskId: string;
  /** Each entry in its last form, by its run and number. */
  readonly entries = new Map<string, string>();
  readonly #target: LoadTarget;
  readonly #breaks: boolean;
  readonly #outcome: LoadOutcome;
  #after = 0;
  #isReviewed = false;

  constructor(target: LoadTarget, taskId: string, breaks: boolean, outcome: LoadOutcome) {
    this.#target = target;
    this.taskId = taskId;
    this.#breaks = breaks;
    this.#outcome = outcome;
  }

  async done(): Promise<void> {
    while (!this.#isReviewed) await this.#follow(this.#breaks ? 400 : null);
    // What was on the way when it went to Review.
    await this.#follow(0);
  }

  /** @param breakAfterMs the connection is cut after so long; 0: as soon as all is told; null: not at all */
  async #follow(breakAfterMs: number | null): Promise<void> {
    const { url, token } = this.#target;
    const place = `/api/v1/orchestrator/tasks/${this.taskId}/stream?after=${this.#after}`;
    const socket = new WebSocket(`${url.replace('http', 'ws')}${place}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', (error) => this.#outcome.problems.push(`A stream failed: ${error.message}`));
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      this.#take(frame);
      const isTold = breakAfterMs === 0 ? frame.type === 'live' : this.#isReviewed;
      if (isTold) socket.terminate();
    });
    let timer: NodeJS.Timeout | undefined;
    socket.on('open', () => {
      if (!breakAfterMs) return;
      timer = setTimeout(() => {
        this.#outcome.reconnects += 1;
        socket.terminate();
      }, breakAfterMs);
    });
    await closed;
    clearTimeout(timer);
  }

  #take({ type, seq, entry, status }: Frame): void {
    this.#outcome.frames += 1;
    if (status?.state === 'REVIEW') this.#isReviewed = true;
    if (type === 'reset') this.#outcome.problems.push('A stream began anew.');
    if (entry === undefined || seq === undefined) return;
    if (seq <= this.#after) this.#outcome.problems.push(`Number ${seq} came after ${this.#after}.`);
    this.#after = seq;
    this.entries.set(`${entry.runId} ${entry.seq}`, entry.text);
  }
}

async function checkStreams(
  target: LoadTarget,
  agent: Agent,
  followers: readonly Follower[],
  outcome: LoadOutcome,
): Promise<void> {
  for (const taskId of target.taskIds) {
    const runs = await ask(target, agent, `/api/v1/tasks/${taskId}/runs`);
    const expected = new Map<string, string>();
    for (const { id } of (runs.body as { items: { id: string }[] }).items) {
      const page = await ask(target, agent, `/api/v1/tasks/${taskId}/runs/${id}/transcript?limit=1000`);
      const { items } = page.body as { items: { seq: number; text: string }[] };
      for (const { seq, text } of items) expected.set(`${id} ${seq}`, text);
    }
    if (expected.size === 0) outcome.problems.push('A card has no transcript.');
    for (const { entries } of followers.filter((each) => each.taskId === taskId)) {
      const wrong = [...expected].filter(([key, text]) => entries.get(key) !== text).length;
      if (wrong > 0 || entries.size !== expected.size) {
        outcome.problems.push(`A stream told ${entries.size} entries, ${wrong} wrong of ${expected.size}.`);
      }
    }
  }
}

/** Each card that was made is there, once. */
async function checkCards(
  target: LoadTarget,
  agent: Agent,
  made: readonly string[],
  outcome: LoadOutcome,
): Promise<void> {
  const found: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Reply = await ask(
      target,
      agent,
      `/api/v1/tasks?label=load&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    const { items, next } = page.body as { items: { title: string }[]; next: string | null };
    found.push(...items.map(({ title }) => title));
    cursor = next;
  }
  const missing = made.filter((title) => !found.includes(title));
  if (missing.length > 0 || new Set(found).size !== found.length) {
    outcome.problems.push(
      `${missing.length} cards are missing; ${found.length - new Set(found).size} are there twice.`,
    );
  }
}
