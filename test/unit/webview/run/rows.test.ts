import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EntryContent, RunEntry, RunSummary, ToolView } from '../../../../src/webview/runProtocol.ts';
import { rowsOfTurn } from '../../../../src/webview/app/run/rows.ts';
import { Transcript } from '../../../../src/webview/app/run/transcript.ts';

function entry(seq: number, content: EntryContent, turn = 1, runId = 'r1'): RunEntry {
  return { runId, seq, turn, at: 1000 * seq, ...content };
}

function tool(id: string, terminals: readonly string[] = []): EntryContent {
  const view: ToolView = {
    id,
    title: `Tool ${id}`,
    kind: 'execute',
    status: 'completed',
    locations: [],
    texts: [],
    diffs: [],
    terminals,
    hasRaw: false,
  };
  return { kind: 'tool_call', tool: view };
}

const message = (text: string, key: string | null = null): EntryContent => ({ kind: 'message', key, text });

function run(id: string): RunSummary {
  return { id, state: 'COMPLETED', createdAt: 0, failure: null, agentName: `Agent of ${id}` };
}

describe('the rows of a turn', () => {
  it('make one message of what is stored in pieces, also when usage is told in between', () => {
    const rows = rowsOfTurn([
      entry(1, message('Hel')),
      entry(2, { kind: 'usage', used: 1, size: 2, cost: null }),
      entry(3, message('lo')),
    ]);
    expect(rows).toMatchObject([{ key: 'r1 1', kind: 'message', text: 'Hello' }]);
  });

  it('keep messages with ids of their own apart', () => {
    const rows = rowsOfTurn([entry(1, message('one', 'a')), entry(2, message('two', 'b'))]);
    expect(rows.map((row) => row.kind === 'message' && row.text)).toEqual(['one', 'two']);
  });

  it('show what a command prints in the tool call that runs it, and by itself where there is none', () => {
    const rows = rowsOfTurn([
      entry(1, tool('a', ['t1'])),
      entry(2, { kind: 'terminal', key: 't1', text: 'one\n' }),
      entry(3, { kind: 'terminal', key: 't2', text: 'alone ' }),
      entry(4, { kind: 'terminal', key: 't1', text: 'two\n' }),
      entry(5, { kind: 'terminal', key: 't2', text: 'again' }),
    ]);
    expect(rows).toMatchObject([
      { kind: 'tool', outputs: ['one\ntwo\n'] },
      { kind: 'terminal', text: 'alone again' },
    ]);
  });

  it('tell how long the turn took', () => {
    const end: EntryContent = { kind: 'turn_end', text: 'Finished', stopReason: 'end_turn' };
    const rows = rowsOfTurn([entry(1, { kind: 'user', key: null, pictures: [], text: 'Go' }), entry(9, end)]);
    expect(rows.at(-1)).toMatchObject({ kind: 'end', took: 8000 });
  });
});

describe('the transcript', () => {
  it('is the same however its pages arrive', () => {
    const entries = Array.from({ length: 60 }, (_, index) => {
      const seq = index + 1;
      const turn = Math.floor(index / 7);
      return index % 7 === 0
        ? entry(seq, { kind: 'user', key: null, pictures: [], text: `prompt ${turn}` }, turn)
        : entry(seq, index % 3 === 0 ? tool(`t${seq}`) : message(`text ${seq} `), turn);
    });
    const whole = new Transcript();
    whole.reset([run('r1')], entries, null);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 59 }), { maxLength: 6 }),
        fc.boolean(),
        (cuts, backwards) => {
          const places = [0, ...new Set(cuts), 60].sort((a, b) => a - b);
          const pages = places.slice(1).map((end, index) => entries.slice(places[index], end));
          const paged = new Transcript();
          paged.reset([run('r1')], [], null);
          for (const page of backwards ? pages.reverse() : pages) {
            paged.put(page);
            // Drawn in between, as a page does.
            expect(paged.rows.length).toBeGreaterThan(0);
          }
          expect(paged.rows).toEqual(whole.rows);
        },
      ),
    );
  });

  it('keeps the rows of a turn as they are while another one grows', () => {
    const transcript = new Transcript();
    transcript.reset([run('r1')], [entry(1, message('old'), 1), entry(2, message('new'), 2)], null);
    const [first, second] = transcript.rows;
    transcript.put([entry(3, message('er'), 2)]);
    expect(transcript.rows[0]).toBe(first);
    expect(transcript.rows[1]).not.toBe(second);
    expect(transcript.rows[1]).toMatchObject({ text: 'newer' });
  });

  it('says where another run of the card begins, once its beginning is known', () => {
    const transcript = new Transcript();
    const before = { runId: 'r1', seq: 5 };
    transcript.reset(
      [run('r1'), run('r2')],
      [entry(5, message('a')), entry(1, message('b'), 1, 'r2')],
      before,
    );
    expect(transcript.rows.map(({ kind }) => kind)).toEqual(['message', 'run', 'message']);
    transcript.put([entry(1, message('start'), 0)]);
    transcript.before = null;
    transcript.setRuns([run('r1'), run('r2')]);
    expect(transcript.rows.map(({ kind }) => kind)).toEqual(['run', 'message', 'message', 'run', 'message']);
  });

  it('tells the latest use of the context, whatever page comes last', () => {
    const transcript = new Transcript();
    const usage = (used: number): EntryContent => ({ kind: 'usage', used, size: 100, cost: null });
    transcript.reset(
      [run('r1'), run('r2')],
      [entry(1, usage(30), 1, 'r2'), entry(4, usage(40), 1, 'r2')],
      null,
    );
    transcript.put([entry(9, usage(90))]);
    expect(transcript.usage).toEqual({ used: 40, size: 100, cost: null });
  });
});
