import type { Failure } from '../../../src/model/failure.ts';
import type { AgentType } from '../../../src/model/agentType.ts';
import type { Board } from '../../../src/model/board.ts';
import { noFilter, type CardFilter } from '../../../src/model/cardFilter.ts';
import type { CardView } from '../../../src/model/cardView.ts';
import { BoardController } from '../../../src/webview/app/boardController.ts';
import { HostClient } from '../../../src/webview/app/hostClient.ts';
import { ViewKeeper } from '../../../src/webview/app/savedView.ts';
import { Store } from '../../../src/webview/app/state.ts';
import { toBoardCard } from '../../../src/webview/host/diffSummary.ts';
import { readAppMessage } from '../../../src/webview/host/messages.ts';
import type { AppMessage, Drafts, HostMessage } from '../../../src/webview/protocol.ts';
import { board } from './cards.ts';

const agentType: AgentType = {
  id: 'demo',
  name: 'Demo Agent',
  image: 'demo',
  buildContext: null,
  command: [],
  environment: [],
  resources: { cpus: 1, memoryMb: 512, pids: 512, network: 'bridge' },
  dialect: 'acp',
  firstMode: null,
};

/** The page without its elements, and VS Code's end of the wire. */
export class Page {
  readonly sent: AppMessage[] = [];
  readonly controller: BoardController;
  saved: unknown;

  constructor(saved?: unknown) {
    this.saved = saved;
    const api = {
      postMessage: (message: unknown) => {
        const read = readAppMessage(message);
        if (!read.ok) throw new Error(`the extension would refuse this: ${read.failure.message}`);
        this.sent.push(read.message);
      },
      getState: () => this.saved,
      setState: (state: unknown) => {
        this.saved = state;
      },
    };
    this.controller = new BoardController(new Store(), new HostClient(api), new ViewKeeper(api));
  }

  get state() {
    return this.controller.store.state;
  }

  open(
    cards: readonly CardView[],
    drafts: Drafts = {},
    { shown = board, filter = noFilter }: { shown?: Board; filter?: CardFilter } = {},
  ): void {
    this.controller.receive({ type: 'drafts', drafts });
    this.controller.receive({
      type: 'snapshot',
      revision: 1,
      now: Date.now(),
      board: shown,
      filter,
      cards: cards.map((card) => toBoardCard(card)),
      queuePause: null,
      workspaceModes: ['folder', 'clone', 'repository'],
      agentTypes: [agentType],
      engine: null,
    });
  }

  update(upserted: readonly CardView[], removed: readonly string[] = []): void {
    this.controller.receive({
      type: 'update',
      revision: 2,
      upserted: upserted.map((card) => toBoardCard(card)),
      removed,
    });
  }

  /** Answers the last command, and lets what waits for the answer go on. */
  async answer(outcome: { taskId: string | null } | { failure: Failure }): Promise<void> {
    const message = this.sent.findLast((each) => 'requestId' in each);
    if (!message || !('requestId' in message)) throw new Error('no command waits for an answer');
    const { requestId } = message;
    const answer: HostMessage =
      'failure' in outcome
        ? { type: 'commandFailed', requestId, failure: outcome.failure }
        : { type: 'commandDone', requestId, taskId: outcome.taskId };
    this.controller.receive(answer);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
