import { chmod, lstat, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commitFiles, makeFixture, requestFor, stateOf, untouchedState, type Fixture } from './fixture.ts';

const runs = process.env.KANDEV_STRESS === '1' ? 200 : 5;

/** One thing that somebody does to the files of a folder; what cannot be done is left. */
type Step =
  | { do: 'write'; file: string; content: string }
  | { do: 'remove'; file: string }
  | { do: 'link'; file: string; target: string }
  | { do: 'chmod'; file: string; executable: boolean }
  | { do: 'move'; file: string; to: string };

const names = ['a', 'b.txt', 'D', 'D/x', 'D/y', 'D/E/z', 'ü', ' s p ', '-n', 'D/link', 'run.sh'];
const file = fc.constantFrom(...names);
const content = fc.oneof(
  fc.constantFrom(
    '',
    '1\n',
    '1\r\n2\r\n',
    '1\r\n2\n',
    'no end',
    '$Id$\n',
    '\u0000\u0001binary',
    'x'.repeat(70_000),
  ),
  fc.string({ maxLength: 20 }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('write' as const), file, content }),
  fc.record({ do: fc.constant('remove' as const), file }),
  fc.record({ do: fc.constant('link' as const), file, target: fc.constantFrom('a', '..', '/nowhere', 'D') }),
  fc.record({ do: fc.constant('chmod' as const), file, executable: fc.boolean() }),
  fc.record({ do: fc.constant('move' as const), file, to: file }),
);
const steps = fc.array(step, { maxLength: 12 });

async function act(root: string, all: readonly Step[]): Promise<void> {
  for (const each of all) {
    const target = path.join(root, each.file);
    // A step that does not fit, such as a file below a file, has no effect.
    await take(each, target, root).catch(() => undefined);
  }
}

async function take(each: Step, target: string, root: string): Promise<void> {
  const stats = await lstat(target).catch(() => null);
  switch (each.do) {
    case 'write':
      await mkdir(path.dirname(target), { recursive: true });
      if (stats?.isSymbolicLink()) await rm(target);
      return writeFile(target, each.content);
    case 'remove':
      return rm(target, { recursive: true });
    case 'link':
      await mkdir(path.dirname(target), { recursive: true });
      return symlink(each.target, target);
    case 'chmod':
      return stats?.isFile() ? chmod(target, each.executable ? 0o755 : 0o644) : undefined;
    case 'move':
      await mkdir(path.dirname(path.join(root, each.to)), { recursive: true });
      return rename(target, path.join(root, each.to));
  }
}

const settings = fc.record({
  autocrlf: fc.constantFrom('false', 'true', 'input'),
  attributes: fc.constantFrom('', '* text=auto\n', '*.txt text eol=crlf\n', '* ident\n* text\n'),
});

async function start(chosen: { autocrlf: string; attributes: string }): Promise<Fixture> {
  const fixture = await makeFixture();
  await fixture.git('init', '--quiet');
  await fixture.git('config', 'core.autocrlf', chosen.autocrlf);
  await fixture.git('config', 'core.safecrlf', 'false');
  const attributes = chosen.attributes === '' ? {} : { '.gitattributes': chosen.attributes };
  await commitFiles(fixture, { a: '1\n', 'b.txt': '1\n2\n', 'D/x': 'x\n', ...attributes });
  return fixture;
}

describe('any run in any folder', () => {
  it('can be rolled back byte for byte, and that can be undone', { timeout: runs * 20_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(settings, steps, steps, steps, async (chosen, staged, loose, agents) => {
        const fixture = await start(chosen);
        try {
          const workspaces = await fixture.open();
          await act(fixture.project, staged);
          await fixture.git('add', '--all');
          await act(fixture.project, loose);
          const before = await stateOf(fixture.project);
          const untouched = await untouchedState(fixture);
          const request = requestFor({ kind: 'folder', folder: fixture.project });
          const { warnings } = await workspaces.prepare(request);
          expect(warnings.filter((warning) => !warning.startsWith('The link'))).toEqual([]);
          expect(await untouchedState(fixture)).toEqual(untouched);
          await act(fixture.project, agents);
          const after = await stateOf(fixture.project);
          const changes = await workspaces.finish(request.runId);
          expect(changes.warnings).toEqual([]);
          const changed = new Set(changes.files.flatMap((each) => [each.path, each.oldPath ?? each.path]));
          const differing = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
            (name) => before[name] !== after[name],
          );
          expect([...changed].sort()).toEqual(differing.sort());
          const outcome = await workspaces.rollBack(request.runId);
          expect(outcome).toMatchObject({ done: true, conflicts: [] });
          expect(await stateOf(fixture.project)).toEqual(before);
          expect((await untouchedState(fixture)) as object).toMatchObject({
            ...(untouched as object),
            files: expect.anything() as unknown,
          });
          expect(await workspaces.undo(outcome.undoId ?? '')).toMatchObject({ done: true, conflicts: [] });
          expect(await stateOf(fixture.project)).toEqual(after);
        } finally {
          await fixture.remove();
        }
      }),
      { numRuns: runs },
    );
  });

  it('leaves alone what the user does afterwards', { timeout: runs * 20_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(settings, steps, steps, async (chosen, agents, users) => {
        const fixture = await start(chosen);
        try {
          const workspaces = await fixture.open();
          const request = requestFor({ kind: 'folder', folder: fixture.project });
          await workspaces.prepare(request);
          const before = await stateOf(fixture.project);
          await act(fixture.project, agents);
          await workspaces.finish(request.runId);
          const after = await stateOf(fixture.project);
          await act(fixture.project, users);
          const now = await stateOf(fixture.project);
          const outcome = await workspaces.rollBack(request.runId, { conflicts: 'keep' });
          expect(outcome.done).toBe(true);
          const result = await stateOf(fixture.project);
          const conflicts = new Set(outcome.conflicts.map((conflict) => conflict.path));
          for (const name of new Set([...Object.keys(now), ...Object.keys(after), ...Object.keys(before)])) {
            const byUser = now[name] !== after[name];
            const byAgent = before[name] !== after[name];
            // Where the user has been, the file is as the user has left it; elsewhere as before the run.
            if (byUser || conflicts.has(name)) expect([name, result[name]]).toEqual([name, now[name]]);
            else if (byAgent) expect([name, result[name]]).toEqual([name, before[name]]);
            else expect([name, result[name]]).toEqual([name, now[name]]);
          }
        } finally {
          await fixture.remove();
        }
      }),
      { numRuns: runs },
    );
  });
});
