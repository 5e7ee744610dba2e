import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldersOf, gitPathOf, type GitPath } from '../../../src/workspaces/gitPath.ts';
import { planRevert, type RevertInput } from '../../../src/workspaces/planRevert.ts';
import type { TreeDifference, TreeEntry } from '../../../src/workspaces/trees.ts';

type Tree = Map<GitPath, TreeEntry>;

const paths = ['a', 'b', 'd', 'd/x', 'd/y', 'd/e', 'd/e/z', 'd.x'].map(gitPathOf);

/** Some of the paths with one of three contents, as a tree can be: no file where another one needs a folder. */
const trees: fc.Arbitrary<Tree> = fc
  .array(fc.tuple(fc.constantFrom(...paths), fc.constantFrom('1', '2', '3')), { maxLength: 8 })
  .map((files) => {
    const tree: Tree = new Map();
    for (const [path, oid] of files) {
      const clashes = [...tree.keys()].some(
        (other) => foldersOf(path).includes(other) || foldersOf(other).includes(path),
      );
      if (!clashes) tree.set(path, { mode: '100644', oid });
    }
    return tree;
  });

function difference(before: Tree, after: Tree): Map<GitPath, TreeDifference> {
  const differences = new Map<GitPath, TreeDifference>();
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [old, young] = [before.get(path) ?? null, after.get(path) ?? null];
    if (old?.oid !== young?.oid) differences.set(path, { before: old, after: young });
  }
  return differences;
}

function isPossible(tree: Tree): boolean {
  return [...tree.keys()].every((path) => foldersOf(path).every((folder) => !tree.has(folder)));
}

const none = {
  ignored: [],
  unsaved: new Set<GitPath>(),
  between: new Set<GitPath>(),
  inTheWay: new Set<GitPath>(),
  overwrites: false,
};

function revert(
  from: Tree,
  to: Tree,
  now: Tree,
  more: Partial<RevertInput> = {},
): { plan: ReturnType<typeof planRevert>; result: Tree } {
  const plan = planRevert({ ...none, reverse: difference(from, to), drift: difference(from, now), ...more });
  const result: Tree = new Map(now);
  for (const [path, entry] of plan.set) {
    if (entry) result.set(path, entry);
    else result.delete(path);
  }
  return { plan, result };
}

describe('what is written to take a change back', () => {
  it('is everything, when nothing has changed since', () => {
    fc.assert(
      fc.property(trees, trees, (from, to) => {
        const { plan, result } = revert(from, to, from);
        expect(plan.conflicts.size).toBe(0);
        expect(difference(result, to).size).toBe(0);
      }),
    );
  });

  it('never touches what has changed since, and always leaves files that can exist together', () => {
    fc.assert(
      fc.property(trees, trees, trees, (from, to, now) => {
        const { plan, result } = revert(from, to, now);
        expect(isPossible(result)).toBe(true);
        for (const path of difference(from, now).keys()) {
          expect(result.get(path)?.oid).toBe(now.get(path)?.oid);
        }
        for (const path of difference(from, to).keys()) {
          // Each file of the change is where it was before, or the user is told of it.
          expect(result.get(path)?.oid === to.get(path)?.oid || plan.conflicts.has(path)).toBe(true);
        }
        for (const path of paths) {
          // What the change has nothing to do with stays.
          if (!difference(from, to).has(path)) expect(result.get(path)?.oid).toBe(now.get(path)?.oid);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('overwrites only what it is told to, and never what is not saved or in the way', () => {
    fc.assert(
      fc.property(
        trees,
        trees,
        trees,
        fc.subarray(paths),
        fc.subarray(paths),
        (from, to, now, unsaved, inTheWay) => {
          const more = { overwrites: true, unsaved: new Set(unsaved), inTheWay: new Set(inTheWay) };
          const { plan, result } = revert(from, to, now, more);
          expect(isPossible(result)).toBe(true);
          for (const path of [...unsaved, ...inTheWay]) expect(plan.set.has(path)).toBe(false);
          for (const path of difference(from, to).keys()) {
            expect(result.get(path)?.oid === to.get(path)?.oid || plan.conflicts.has(path)).toBe(true);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('keeps new files that were ignored before', () => {
    const to: Tree = new Map();
    const from: Tree = new Map([
      [gitPathOf('d/x'), { mode: '100644', oid: '1' }],
      [gitPathOf('a'), { mode: '100644', oid: '1' }],
      [gitPathOf('b'), { mode: '100644', oid: '1' }],
    ]);
    const { plan } = revert(from, to, from, { ignored: [gitPathOf('d/'), gitPathOf('a')] });
    expect([...plan.set.keys()]).toEqual(['b']);
    expect(plan.kept.sort()).toEqual(['a', 'd/x']);
  });
});
