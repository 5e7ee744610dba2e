import { appendFile, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  pruneWireRecords,
  removeWireRecords,
  WireRecord,
  wireRecordPath,
  type WireLine,
} from '../../../src/store/wireRecord.ts';

let place: string;
let folder: string;
let errors: unknown[];

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'kandev-wire-'));
  folder = join(place, 'runs');
  errors = [];
});

afterEach(() => rm(place, { recursive: true, force: true }));

function record(runId: string, capBytes?: number): WireRecord {
  const onError = (error: unknown): void => void errors.push(error);
  return new WireRecord({ folder, runId, onError, ...(capBytes === undefined ? {} : { capBytes }) });
}

async function linesOf(runId: string): Promise<WireLine[]> {
  const text = await readFile(wireRecordPath(folder, runId), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as WireLine);
}

describe('the wire record of a run', () => {
  it('has every line to the letter, in order, over a restart', async () => {
    const first = record('run-1');
    first.append('out', '{"jsonrpc":"2.0"}', 1);
    first.append('in', 'noise that is no JSON \u0000 “é”', 2);
    await first.close();
    const second = record('run-1');
    second.append('stderr', 'a warning', 3);
    await second.close();
    expect(await linesOf('run-1')).toEqual([
      { at: 1, direction: 'out', line: '{"jsonrpc":"2.0"}' },
      { at: 2, direction: 'in', line: 'noise that is no JSON \u0000 “é”' },
      { at: 3, direction: 'stderr', line: 'a warning' },
    ]);
    expect(errors).toEqual([]);
  });

  it('says where it is full, once, and stays so over a restart', async () => {
    for (let life = 0; life < 2; life++) {
      const wire = record('run-2', 1000);
      for (let index = 0; index < 50; index++) wire.append('in', 'x'.repeat(100), index);
      await wire.close();
    }
    const lines = await linesOf('run-2');
    expect(lines.at(-1)).toMatchObject({ full: true });
    expect(lines.filter((line) => 'full' in line)).toHaveLength(1);
    expect((await stat(wireRecordPath(folder, 'run-2'))).size).toBeLessThan(1050);
    expect(lines.length).toBeGreaterThan(5);
  });

  it('keeps lines that could not be written until they can be', async () => {
    await writeFile(folder, 'a file where the folder should be');
    const wire = record('run-3');
    wire.append('in', 'first', 1);
    await wire.flush();
    wire.append('in', 'second', 2);
    await wire.flush();
    expect(errors).toHaveLength(1);
    await rm(folder);
    wire.append('in', 'third', 3);
    await wire.close();
    expect((await linesOf('run-3')).map((line) => ('line' in line ? line.line : line))).toEqual([
      'first',
      'second',
      'third',
    ]);
  });

  it('says where how many lines are missing that were too many to keep', async () => {
    await writeFile(folder, 'a file where the folder should be');
    const wire = record('run-4');
    for (let index = 0; index < 60; index++) wire.append('in', 'x'.repeat(100_000), index);
    await wire.flush();
    await rm(folder);
    await wire.flush();
    wire.append('in', 'after', 99);
    await wire.close();
    const lines = await linesOf('run-4');
    const kept = lines.length - 2;
    expect(kept).toBeGreaterThan(10);
    expect(lines.slice(-2)).toEqual([
      { at: 99, lost: 60 - kept },
      { at: 99, direction: 'in', line: 'after' },
    ]);
  });

  it('begins a new line behind one that a crash has cut off', async () => {
    const wire = record('run-5');
    wire.append('in', 'whole', 1);
    await wire.close();
    await appendFile(wireRecordPath(folder, 'run-5'), '{"at":2,"direc');
    const next = record('run-5');
    next.append('in', 'after', 3);
    await next.close();
    const text = await readFile(wireRecordPath(folder, 'run-5'), 'utf8');
    expect(text.split('\n').slice(1)).toEqual([
      '{"at":2,"direc',
      '{"at":3,"direction":"in","line":"after"}',
      '',
    ]);
  });

  it('leaves no way out of its folder', () => {
    expect(() => record('../../elsewhere')).toThrow('no id of a run');
  });
});

describe('old wire records', () => {
  async function file(runId: string, bytes: number, ageDays: number): Promise<void> {
    const wire = record(runId);
    wire.append('in', 'x');
    await wire.close();
    await writeFile(wireRecordPath(folder, runId), 'x'.repeat(bytes));
    const at = Date.now() / 1000 - ageDays * 86_400;
    await utimes(wireRecordPath(folder, runId), at, at);
  }

  it('are removed when their time is over, and the oldest of too many', async () => {
    await file('ancient', 10, 31);
    await file('old', 400, 20);
    await file('kept', 400, 19);
    await file('new', 400, 1);
    const limits = { days: 30, bytes: 900 };
    expect(await pruneWireRecords(folder, limits, new Set(['kept']))).toEqual(['ancient', 'old']);
    expect((await readdir(folder)).sort()).toEqual(['kept.jsonl', 'new.jsonl']);
    expect(await pruneWireRecords(folder, { days: 30, bytes: 100 }, new Set(['kept']))).toEqual(['new']);
  });

  it('are removed with their runs, and only they', async () => {
    for (const runId of ['purged-1', 'kept', 'purged-2']) await file(runId, 10, 1);
    await removeWireRecords(folder, ['purged-1', 'never-recorded', 'purged-2']);
    expect(await readdir(folder)).toEqual(['kept.jsonl']);
    await expect(removeWireRecords(folder, ['../kept'])).rejects.toThrow('no id of a run');
  });

  it('need not be there', async () => {
    await removeWireRecords(join(place, 'nowhere'), ['run']);
    expect(await pruneWireRecords(join(place, 'nowhere'), { days: 1, bytes: 1 })).toEqual([]);
  });
});
