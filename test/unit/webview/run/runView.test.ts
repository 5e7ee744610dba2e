import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunUsage } from '../../../../src/model/runUsage.ts';
import { LiveBoardState } from '../../../../src/providers/boardState.ts';
import type { AddedFile } from '../../../../src/webview/app/run/pictureDesk.ts';
import type { Row } from '../../../../src/webview/app/run/rows.ts';
import { RunClient } from '../../../../src/webview/app/run/runClient.ts';
import { RunPageController } from '../../../../src/webview/app/run/runPageController.ts';
import { RunViewStore, type RunViewState } from '../../../../src/webview/app/run/runState.ts';
import { RunDrafts } from '../../../../src/webview/host/runDrafts.ts';
import { RunConnection } from '../../../../src/webview/host/runConnection.ts';
import { startServices, type TestServices } from '../../../harness/services.ts';

/** Both ends of the wire, over real services: the page without its elements, and the extension without its editor. */
class RunView {
  readonly state: LiveBoardState;
  readonly connection: RunConnection;
  readonly store = new RunViewStore();
  readonly controller: RunPageController;
  readonly lookers = new Set<(usage: readonly RunUsage[]) => void>();
  readonly opened: unknown[] = [];
  readonly warnings: string[] = [];
  readonly memento = new Map<string, unknown>();

  constructor(services: TestServices, taskId: string) {
    this.state = new LiveBoardState(services.kandev, {
      get: () => undefined,
      update: () => Promise.resolve(),
    });
    this.connection = new RunConnection(
      taskId,
      {
        kandev: services.kandev,
        state: this.state,
        usage: {
          look: (listener) => {
            this.lookers.add(listener);
            return { dispose: () => this.lookers.delete(listener) };
          },
        },
        drafts: new RunDrafts({
          get: (key) => this.memento.get(key),
          update: (key, value) => Promise.resolve(void this.memento.set(key, value)),
        }),
        runAction: () => Promise.resolve(),
        runUiCommand: () => Promise.resolve(),
        openDiff: (diff) => Promise.resolve(void this.opened.push(diff)),
        openFile: (path, line) => Promise.resolve(void this.opened.push({ path, line })),
        openLink: () => Promise.resolve(),
        findFiles: () => Promise.resolve([]),
        pathsIn: () => [],
        choosePictures: () => Promise.resolve([]),
        shorten: (path) => path.replace(`${services.folder}/`, ''),
        warn: (message) => this.warnings.push(message),
      },
      (message) => {
        // As over the wire: a copy, and later.
        const copy = structuredClone(message);
        setImmediate(() => {
          this.controller.receive(copy);
        });
      },
    );
    const client = new RunClient({
      postMessage: (message) => {
        const copy: unknown = structuredClone(message);
        setImmediate(() => {
          this.connection.receive(copy);
        });
      },
    });
    this.controller = new RunPageController(this.store, client);
    client.post({ type: 'ready' });
  }

  until(wanted: (state: RunViewState) => boolean): Promise<RunViewState> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (wanted(this.store.state)) resolve(this.store.state);
      };
      this.store.subscribe(look);
      look();
    });
  }

  ready(): Promise<RunViewState> {
    return this.until(({ status }) => status === 'ready');
  }

  close(): void {
    this.connection.dispose();
    this.state.dispose();
  }
}

let services: TestServices;
const views: RunView[] = [];

beforeEach(async () => {
  services = await startServices();
});

afterEach(async () => {
  for (const view of views.splice(0)) view.close();
  await services.close();
});

function open(taskId: string): RunView {
  const view = new RunView(services, taskId);
  views.push(view);
  return view;
}

/** A message that the demo agent takes as a script. */
function said(...steps: readonly string[]): string {
  return ['```kandev-script', ...steps, '```'].join('\n');
}

/** As it is pasted: a picture of one pixel, told from others by a last byte. */
function pngFile(name: string, last: number): AddedFile {
  const pixel =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const content = Buffer.concat([Buffer.from(pixel, 'base64'), Buffer.from([last])]);
  return { name, size: content.length, read: () => Promise.resolve(content.toString('base64')) };
}

function isPictureTold(row: Row): boolean {
  return row.kind === 'message' && row.text.startsWith('prompt: picture image/png');
}

const kinds = ({ rows }: RunViewState) => rows.map(({ kind }) => kind);

describe('a card that is open', () => {
  it('shows what its agent says and does as it comes, and asks in place', async () => {
    const taskId = await services.card([
      'thought Let me see',
      'tool edit src/a.ts old="one" new="two"',
      'permission "Run it" kind=execute command="npm test"',
      'message All done.',
    ]);
    const view = open(taskId);
    await view.ready();
    await view.controller.start();
    const asked = await view.until(({ content }) => (content?.card.permissions.length ?? 0) > 0);
    const request = asked.content?.card.permissions[0];
    expect(request?.command).toBe('npm test');
    await view.controller.answerPermission(request?.id ?? '', request?.options[0]?.optionId ?? '');
    const done = await view.until(({ rows }) => rows.at(-1)?.kind === 'end');
    expect(kinds(done)).toEqual(expect.arrayContaining(['prompt', 'thought', 'tool', 'message', 'end']));
    expect(done.rows.find(({ kind }) => kind === 'message')).toMatchObject({ text: 'All done.' });
    const edit = done.rows.find((row) => row.kind === 'tool' && row.tool.kind === 'edit');
    expect(edit).toMatchObject({ tool: { diffs: [{ path: 'src/a.ts', added: 1, removed: 1 }] } });
  });

  it('shows what its container uses as long as it is seen', async () => {
    const taskId = await services.card([]);
    const view = open(taskId);
    await view.ready();
    expect(view.lookers.size).toBe(1);
    const used = { runId: 'run', cpus: 0.5, memoryMb: 300, memoryLimitMb: 4096, pids: 9 };
    for (const tell of view.lookers)
      tell([
        { ...used, taskId: 'other' },
        { ...used, taskId },
      ]);
    const { containerUse } = await view.until((state) => state.containerUse !== null);
    expect(containerUse).toMatchObject({ taskId, cpus: 0.5 });
    view.connection.pause();
    expect(view.lookers.size).toBe(0);
  });

  it('opens the change of a tool call, whole', async () => {
    const taskId = await services.card(['tool edit src/a.ts old="one" new="two"']);
    const view = open(taskId);
    await view.ready();
    await view.controller.start();
    const { rows } = await view.until((state) => state.rows.at(-1)?.kind === 'end');
    const row = rows.find(({ kind }) => kind === 'tool');
    if (row?.kind !== 'tool') throw new Error('There is no tool call.');
    await view.controller.openDiff({ of: 'tool', entry: { runId: row.runId, seq: row.seq }, index: 0 });
    expect(view.opened).toEqual([{ path: `${services.folder}/src/a.ts`, oldText: 'one', newText: 'two' }]);
    await view.controller.openDiff({ of: 'tool', entry: { runId: row.runId, seq: row.seq }, index: 9 });
    expect(view.store.state.notice?.message).toBe('This change is no longer proposed.');
  });

  it('reads a long transcript from its end, and the rest when it is wanted', async () => {
    const steps = Array.from({ length: 300 }, (_, index) => `tool read src/${index}.ts`);
    const taskId = await services.card(steps);
    const first = open(taskId);
    await first.ready();
    await first.controller.start();
    const whole = await first.until(({ rows }) => rows.at(-1)?.kind === 'end');

    const second = open(taskId);
    const part = await second.ready();
    expect(part.hasOlder).toBe(true);
    expect(part.rows.length).toBeLessThan(whole.rows.length);
    while (second.store.state.hasOlder) await second.controller.loadOlder();
    expect(second.store.state.rows).toEqual(whole.rows);
  });

  it('finds what was not read yet', async () => {
    const steps = Array.from({ length: 300 }, (_, index) => `tool read src/file-${index}.ts`);
    const taskId = await services.card(steps);
    const first = open(taskId);
    await first.ready();
    await first.controller.start();
    await first.until(({ rows }) => rows.at(-1)?.kind === 'end');

    const second = open(taskId);
    await second.ready();
    second.controller.finder.open();
    await second.controller.finder.search('file-7.ts');
    const { find, rows } = second.store.state;
    expect(find).toMatchObject({
      current: find?.matches.length === 0 ? -1 : (find?.matches.length ?? 0) - 1,
    });
    const shown = rows.find(({ key }) => key === find?.matches[find.current]);
    expect(shown).toMatchObject({ kind: 'tool', tool: { title: 'read src/file-7.ts' } });
  });

  it('sends a message and keeps what is typed until it was taken', async () => {
    const taskId = await services.card(['message First.']);
    const view = open(taskId);
    await view.ready();
    view.controller.setDraft({ text: 'too early' });
    expect(await view.controller.send()).toBe(false);
    expect(view.store.state).toMatchObject({ draft: { text: 'too early' }, notice: { reason: 'no-run' } });
    view.controller.dismissNotice();
    await view.controller.start();
    await view.until(({ content }) => content?.card.run?.state === 'READY');
    view.controller.setDraft({ text: 'And now?' });
    expect(await view.controller.send()).toBe(true);
    expect(view.store.state.draft).toEqual({ text: '', pictures: [] });
    await view.until(({ rows }) => rows.some((row) => row.kind === 'prompt' && row.text === 'And now?'));
  });

  it('lets messages wait while the agent is at work, in the order that is wanted, and sends one after the other', async () => {
    const taskId = await services.card(['permission "Go on"']);
    const view = open(taskId);
    await view.ready();
    await view.controller.start();
    const asked = await view.until(({ content }) => (content?.card.permissions.length ?? 0) > 0);
    for (const text of ['message one', 'message two', 'message three']) {
      view.controller.setDraft({ text: said(text) });
      expect(await view.controller.send()).toBe(true);
    }
    const { content } = await view.until((state) => state.content?.prompts.length === 3);
    const [one, two, three] = content?.prompts ?? [];
    if (!one || !two || !three) throw new Error('Nothing waits.');
    await view.controller.placePrompt(three.id, one.id);
    await view.controller.removePrompt(two.id);
    view.controller.edit({ ...one, text: said('message ONE') });
    await view.controller.saveEdited();
    const wanted = [said('message three'), said('message ONE')].join();
    await view.until((state) => state.content?.prompts.map(({ text }) => text).join() === wanted);
    const request = asked.content?.card.permissions[0];
    await view.controller.answerPermission(request?.id ?? '', request?.options[0]?.optionId ?? '');
    const done = await view.until(({ rows }) => rows.filter(({ kind }) => kind === 'end').length === 3);
    expect(done.content?.prompts).toEqual([]);
    const texts = done.rows.flatMap((row) => (row.kind === 'message' ? row.text : []));
    expect(texts.slice(-2)).toEqual(['three', 'ONE']);
    await services.until(taskId, ({ task }) => task.state === 'REVIEW');
    const states = services.events.flatMap(({ data }) => ('from' in data ? data.to : []));
    // The card is not shown for review before all of it is done.
    expect(states.filter((state) => state === 'REVIEW')).toHaveLength(1);
  });

  it('takes pictures, keeps them while they are not sent, and shows them with the message', async () => {
    const taskId = await services.card(['message First.']);
    const view = open(taskId);
    await view.ready();
    await view.controller.start();
    await view.until(({ content }) => content?.card.run?.state === 'READY' && content.takesPictures === true);
    const { pictures: desk, draftPictures } = view.controller;
    const files = ['one.png', 'two.png'].map((name, index) => pngFile(name, index));
    await desk.add(files, draftPictures);
    const [one, two] = view.store.state.draft.pictures;
    expect([one?.name, two?.name]).toEqual(['one.png', 'two.png']);
    // The same picture again is the same picture.
    await desk.add([pngFile('again.png', 0)], draftPictures);
    await desk.add([{ name: 'note.png', size: 4, read: () => Promise.resolve(btoa('text')) }], draftPictures);
    expect(view.store.state.notice?.message).toContain('“note.png” is no picture');
    await desk.add([{ ...pngFile('big.png', 0), size: 6_000_000 }], draftPictures);
    expect(view.store.state.notice?.message).toContain('“big.png” is larger than 5 MB');
    expect(view.store.state.draft.pictures).toHaveLength(2);
    await vi.waitUntil(() => JSON.stringify([...view.memento]).includes('two.png'));
    desk.remove(one?.id ?? '', draftPictures);
    if (two) desk.urlOf(two);
    await view.until(({ pictures }) => pictures.get(two?.id ?? '')?.startsWith('blob:') === true);
    view.controller.setDraft({ text: said('prompt') });
    expect(await view.controller.send()).toBe(true);
    expect(view.store.state.draft.pictures).toEqual([]);
    const { rows } = await view.until((state) => state.rows.some((row) => isPictureTold(row)));
    expect(rows.find((row) => row.kind === 'prompt' && row.pictures.length > 0)).toMatchObject({
      pictures: [{ id: two?.id, name: 'two.png' }],
    });
  });

  it('says in words that an agent does not take pictures', async () => {
    const taskId = await services.card(['message First.'], 'blind');
    const view = open(taskId);
    await view.ready();
    await view.controller.start();
    await view.until(({ content }) => content?.takesPictures === false);
    await view.controller.pictures.add([pngFile('one.png', 0)], view.controller.draftPictures);
    expect(view.store.state.notice?.message).toContain('does not take pictures');
    expect(view.store.state.draft.pictures).toEqual([]);
  });

  it('interrupts the agent for a message that is to be sent now', async () => {
    const taskId = await services.card(['permission "Go on"']);
    const view = open(taskId);
    await view.ready();
    await view.controller.start();
    await view.until(({ content }) => (content?.card.permissions.length ?? 0) > 0);
    view.controller.setDraft({ text: said('message Something else.') });
    await view.controller.send();
    const { content } = await view.until((state) => state.content?.prompts.length === 1);
    await view.controller.sendPromptNow(content?.prompts[0]?.id ?? '');
    const done = await view.until((state) =>
      state.rows.some((row) => row.kind === 'message' && row.text === 'Something else.'),
    );
    expect(done.rows.some((row) => row.kind === 'end' && row.stopReason === 'cancelled')).toBe(true);
    await services.until(taskId, ({ task, run }) => task.state === 'REVIEW' && run?.state === 'READY');
  });

  it('keeps the messages that wait when the agent is stopped, and sends them when it is told to', async () => {
    const taskId = await services.card(['permission "Go on"']);
    const view = open(taskId);
    await view.ready();
    await view.controller.start();
    await view.until(({ content }) => (content?.card.permissions.length ?? 0) > 0);
    view.controller.setDraft({ text: said('message Later.') });
    await view.controller.send();
    await view.controller.stop();
    const stopped = await view.until(({ content }) => content?.card.run?.state === 'STOPPED');
    expect(stopped.content?.prompts).toHaveLength(1);
    await view.controller.sendPromptNow(stopped.content?.prompts[0]?.id ?? '');
    await view.until(({ rows }) => rows.some((row) => row.kind === 'message' && row.text === 'Later.'));
    expect(view.store.state.content?.prompts).toEqual([]);
  });

  it('shows what was said while it was hidden', async () => {
    const taskId = await services.card(['message One.']);
    const view = open(taskId);
    await view.ready();
    view.connection.pause();
    await services.kandev.execute('task.start', { taskId });
    await services.until(taskId, ({ run }) => run?.state === 'READY');
    expect(view.store.state.rows).toEqual([]);
    view.connection.receive({ type: 'ready' });
    await view.until((state) => kinds(state).includes('end'));
  });

  it('acts on nothing but itself', async () => {
    const taskId = await services.card(['message Hello']);
    const other = await services.card(['message Other']);
    const view = open(taskId);
    await view.ready();
    const message = { type: 'request', id: 77, name: 'execute' };
    view.connection.receive({ ...message, input: { command: 'task.start', input: { taskId: other } } });
    view.connection.receive({ ...message, input: { command: 'task.delete', input: { taskId: other } } });
    const { cards } = await services.kandev.query('cards', { taskIds: [other] });
    expect(cards).toMatchObject([{ task: { state: 'BACKLOG' }, run: null }]);
    expect(view.warnings).toHaveLength(1);
  });

  it('says so when its card is deleted', async () => {
    const taskId = await services.card(['message Hello']);
    const view = open(taskId);
    await view.ready();
    await services.kandev.execute('task.delete', { taskId });
    await view.until(({ status }) => status === 'gone');
  });
});
