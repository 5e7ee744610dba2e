import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { PermissionOption, PermissionOptionKind, PlacedPath } from '../../../src/model/permission.ts';
import {
  alwaysDecision,
  decide,
  matches,
  optionFor,
  presetFor,
  ruleProblem,
  ruleScopes,
  type ApprovalPreset,
  type PermissionRule,
  type RuleSubject,
} from '../../../src/model/permissionRule.ts';
import { ruleProposals } from '../../../src/model/ruleProposals.ts';
import { ruleText } from '../../../src/model/ruleText.ts';

function aSubject(subject: Partial<RuleSubject> = {}): RuleSubject {
  return {
    ...{ runId: 'run', taskId: 'card', boardId: 'board', agentTypeId: 'demo' },
    ...{ toolKind: 'read', title: 'Read a file', command: null, hasDiffs: false, places: [] },
    ...subject,
  };
}

let count = 0;

function aRule(rule: Partial<PermissionRule> = {}): PermissionRule {
  return {
    ...{ id: `rule ${count++}`, scope: 'workspace', scopeId: null, agentTypeId: null, toolKind: null },
    ...{ path: null, command: null, title: null, decision: 'allow', isEnabled: true, position: count },
    ...{ matches: 0, lastMatchAt: null, createdBy: 'ann', createdAt: 0 },
    ...rule,
  };
}

const at = (path: string, real: string | null = path): PlacedPath => ({ path, real });
const reads = (...places: PlacedPath[]): RuleSubject => aSubject({ places });
const runs = (command: string): RuleSubject => aSubject({ toolKind: 'execute', command });
const allows = (rule: Partial<PermissionRule>, subject: RuleSubject): boolean =>
  matches(aRule(rule), subject);
const rejects = (rule: Partial<PermissionRule>, subject: RuleSubject): boolean =>
  matches(aRule({ ...rule, decision: 'reject' }), subject);

describe('a rule with a path', () => {
  test.each([
    ['src/**', 'src/a/b.ts', true],
    ['src/', 'src/a/b.ts', true],
    ['./src/*.ts', 'src/a.ts', true],
    ['src/*.ts', 'src/a/b.ts', false],
    ['**', '.hidden/file', true],
    ['**', '.', true],
    ['**', '/etc/passwd', false],
    ['**/*.ts', 'a.ts', true],
    ['!secret', 'a.ts', false],
    ['src/**', 'SRC/a.ts', false],
    [String.raw`src/\[id\].ts`, 'src/[id].ts', true],
    ['src/Gr\u00fc\u00dfe.md', 'src/Gru\u0308\u00dfe.md', true],
  ])('%s allows %s: %s', (path, place, isAllowed) => {
    expect(allows({ path }, reads(at(place)))).toBe(isAllowed);
  });

  it('allows only where all paths are allowed, and there is one', () => {
    expect(allows({ path: 'src/**' }, reads(at('src/a'), at('src/b')))).toBe(true);
    expect(allows({ path: 'src/**' }, reads(at('src/a'), at('lib/b')))).toBe(false);
    expect(allows({ path: '**' }, reads())).toBe(false);
  });

  it('allows nothing that a link leads out of it, or that nobody can follow', () => {
    expect(allows({ path: 'src/**' }, reads(at('src/link', '.github/ci.yml')))).toBe(false);
    expect(allows({ path: 'src/**' }, reads(at('docs/link', 'src/a.ts')))).toBe(false);
    expect(allows({ path: '**' }, reads(at('src/link', null)))).toBe(false);
  });

  it('rejects where one path or what a link leads to may be meant, in whatever case', () => {
    expect(rejects({ path: 'secret/**' }, reads(at('src/a'), at('secret/b')))).toBe(true);
    expect(rejects({ path: 'secret/**' }, reads(at('src/link', 'secret/b')))).toBe(true);
    expect(rejects({ path: 'secret/**' }, reads(at('Secret/b', null)))).toBe(true);
    expect(rejects({ path: '/etc/**' }, reads(at('/etc/passwd', null)))).toBe(true);
    expect(rejects({ path: 'secret/**' }, reads(at('src/a')))).toBe(false);
  });

  it('never allows what any of its paths taken alone is not allowed', () => {
    const segment = fc.constantFrom('src', 'lib', 'a', '.git', 'a.ts');
    const place = fc
      .record({ path: fc.array(segment, { minLength: 1, maxLength: 3 }), isKnown: fc.boolean() })
      .map(({ path, isKnown }) => at(path.join('/'), isKnown ? path.join('/') : null));
    const glob = fc.constantFrom('**', 'src/**', '*', '**/*.ts', 'src/*', '{src,lib}/**');
    fc.assert(
      fc.property(fc.array(place, { maxLength: 4 }), glob, (places, path) => {
        const each = places.length > 0 && places.every((one) => allows({ path }, reads(one)));
        expect(allows({ path }, reads(...places))).toBe(each);
      }),
    );
  });
});

describe('a rule with a command', () => {
  test.each([
    ['npm test', 'npm test', true],
    ['npm test', ' npm test ', true],
    ['npm test', 'npm  test', false],
    ['npm test *', 'npm test --all', true],
    ['npm test *', 'npm test; rm -rf .', false],
    ['npm test *', 'npm test $(rm -rf .)', false],
    ['npm *', 'npm test > package.json', false],
    ['*', 'npm test && rm -rf .', false],
    ['npm ci && npm test', 'npm ci && npm test', true],
    ['rm [*].log', 'rm *.log', true],
    ['rm [*].log', 'rm a.log', false],
    ['rm [*] *', 'rm * b', true],
    ['rm [*] *', 'rm a b', false],
  ])('%s allows %s: %s', (command, asked, isAllowed) => {
    expect(allows({ command }, runs(asked))).toBe(isAllowed);
  });

  it('allows no command that it cannot see', () => {
    expect(allows({ command: '*' }, aSubject({ toolKind: 'execute' }))).toBe(false);
  });

  it('never allows anything behind what it allows', () => {
    const pattern = fc.constantFrom('npm test *', 'npm *', 'git status *', '*', 'npm run test:*');
    const start = fc.constantFrom('npm test', 'git status', 'npm run test:unit');
    const glue = fc.constantFrom(';', '&&', '||', '|', '&', '\n', ' $(', ' `', ' > ', ' < ', '\r');
    fc.assert(
      fc.property(pattern, start, glue, fc.string(), (command, first, between, rest) => {
        expect(allows({ command }, runs(`${first}${between}${rest}`))).toBe(false);
      }),
    );
  });

  it('rejects also within another command', () => {
    for (const asked of ['rm -rf .', 'ls && rm -rf .', 'sudo rm x', 'bash -c "rm x"', 'echo `rm x`']) {
      expect(rejects({ command: 'rm *' }, runs(asked))).toBe(true);
    }
    expect(rejects({ command: 'rm *' }, runs('npm run rm'))).toBe(false);
  });

  it('is not got around by a title that is the command', () => {
    const asked = aSubject({ toolKind: 'execute', title: 'npm test && rm -rf .' });
    expect(allows({ title: 'npm test*' }, asked)).toBe(false);
    expect(allows({ title: 'npm test*' }, { ...asked, title: 'npm test --all' })).toBe(true);
    expect(allows({ title: asked.title }, asked)).toBe(true);
  });
});

describe('a rule', () => {
  it('for a kind of tool goes by what is shown, whatever the tool is called', () => {
    expect(allows({ toolKind: 'read' }, aSubject({ command: 'rm x' }))).toBe(false);
    expect(allows({ toolKind: 'read' }, aSubject({ hasDiffs: true }))).toBe(false);
    expect(allows({ toolKind: 'execute' }, aSubject({ command: 'rm x' }))).toBe(true);
    expect(rejects({ toolKind: 'read' }, aSubject({ command: 'rm x' }))).toBe(true);
    expect(allows({ toolKind: 'delete' }, aSubject({ toolKind: 'delete', hasDiffs: true }))).toBe(true);
  });

  it('counts for its agent, and where it is made for', () => {
    expect(allows({ agentTypeId: 'demo' }, reads())).toBe(true);
    expect(allows({ agentTypeId: 'claude' }, reads())).toBe(false);
    for (const [scope, scopeId] of [
      ['run', 'run'],
      ['card', 'card'],
      ['board', 'board'],
    ] as const) {
      expect(allows({ scope, scopeId }, reads())).toBe(true);
      expect(allows({ scope, scopeId: 'another' }, reads())).toBe(false);
    }
    expect(allows({ isEnabled: false }, reads())).toBe(false);
  });

  test.each([
    [{ path: '../x' }, 'path-up'],
    [{ path: '/etc/**' }, 'path-outside'],
    [{ path: '/etc/**', decision: 'reject' }, null],
    [{ command: 'npm test && *' }, 'command-chained'],
    [{ command: 'npm test && *', decision: 'ask' }, null],
    [{ command: 'npm ci && npm test' }, null],
    [{ scope: 'card' }, 'scope'],
    [{ scopeId: 'card' }, 'scope'],
  ] as const)('%j can be kept: %s', (rule, problem) => {
    expect(ruleProblem(aRule(rule))).toBe(problem);
  });
});

describe('of several rules', () => {
  const decision = (rules: PermissionRule[], preset: ApprovalPreset = 'ask') =>
    decide(reads(at('src/a')), rules, [{ boardId: 'board', agentTypeId: null, preset }]);

  it('one that rejects wins, however wide it is', () => {
    const reject = aRule({ decision: 'reject', path: '**', position: 9 });
    expect(decision([aRule({ scope: 'run', scopeId: 'run' }), reject])).toMatchObject({
      decision: 'reject',
      rule: reject,
    });
  });

  it('the narrower scope goes first, then the order', () => {
    const ofCard = aRule({ scope: 'card', scopeId: 'card', decision: 'ask', position: 5 });
    const first = aRule({ position: 1 });
    expect(decision([first, ofCard]).rule).toBe(ofCard);
    expect(decision([aRule({ position: 2, decision: 'ask' }), first]).rule).toBe(first);
  });

  it('the decision does not hang on how they come, and is never of a rule that does not fit', () => {
    const rule = fc.record({
      scope: fc.constantFrom(...ruleScopes),
      isHere: fc.boolean(),
      decision: fc.constantFrom('allow', 'reject', 'ask'),
      path: fc.constantFrom(null, '**', 'src/**', 'lib/**'),
      isEnabled: fc.boolean(),
    } as const);
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), fc.infiniteStream(fc.nat()), (drafts, numbers) => {
        const ids = { run: 'run', card: 'card', board: 'board', workspace: null };
        const rules = drafts.map(({ isHere, ...draft }, index) => {
          const here = ids[draft.scope];
          return aRule({ ...draft, scopeId: here === null || isHere ? here : 'another', position: index });
        });
        const subject = reads(at('src/a'));
        const fitting = rules.filter((each) => matches(each, subject));
        const found = decision(rules);
        const keys = new Map(rules.map((each) => [each, numbers.next().value]));
        const shuffled = [...rules].sort((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
        expect(decision(shuffled)).toEqual(found);
        expect(found.rule !== null).toBe(fitting.length > 0);
        if (found.rule) expect(fitting).toContain(found.rule);
        expect(found.decision === 'reject').toBe(fitting.some((each) => each.decision === 'reject'));
      }),
    );
  });
});

describe('what is chosen for what no rule decides', () => {
  const byPreset = (preset: ApprovalPreset, subject: RuleSubject): string =>
    decide(subject, [], [{ boardId: 'board', agentTypeId: null, preset }]).decision;
  const edits = (...places: PlacedPath[]): RuleSubject =>
    aSubject({ toolKind: 'edit', hasDiffs: true, places });

  test.each<[ApprovalPreset, string, RuleSubject, string]>([
    ['ask', 'a read', reads(at('a')), 'ask'],
    ['read', 'a read', reads(at('a')), 'allow'],
    ['read', 'a read outside', reads(at('/etc/passwd', null)), 'ask'],
    ['read', 'a read through a link', reads(at('a', null)), 'ask'],
    ['read', 'a read of who knows what', reads(), 'ask'],
    ['read', 'a search', aSubject({ toolKind: 'search' }), 'allow'],
    ['read', 'an edit', edits(at('a')), 'ask'],
    ['read', 'a command that is called a read', { ...runs('rm x'), toolKind: 'read' }, 'ask'],
    ['edit', 'a read', reads(at('a')), 'allow'],
    ['edit', 'an edit', edits(at('a')), 'allow'],
    ['edit', 'an edit of what VS Code runs', edits(at('.vscode/tasks.json')), 'ask'],
    ['edit', 'such an edit by a link', edits(at('a', '.Git/hooks/x')), 'ask'],
    ['edit', 'a command', runs('ls'), 'ask'],
    ['edit', 'a deletion', aSubject({ toolKind: 'delete', places: [at('a')] }), 'ask'],
    ['all', 'a command', runs('rm -rf / ; x'), 'allow'],
    ['all', 'a change of mode', aSubject({ toolKind: 'switch_mode' }), 'ask'],
  ])('%s: %s', (preset, _name, subject, decision) => {
    expect(byPreset(preset, subject)).toBe(decision);
  });

  it('is that of its agent before that of its board', () => {
    const choices = [
      { boardId: 'board', agentTypeId: null, preset: 'read' as const },
      { boardId: 'board', agentTypeId: 'demo', preset: 'ask' as const },
      { boardId: 'other', agentTypeId: 'claude', preset: 'all' as const },
    ];
    expect(presetFor(choices, { boardId: 'board', agentTypeId: 'demo' })).toBe('ask');
    expect(presetFor(choices, { boardId: 'board', agentTypeId: 'claude' })).toBe('read');
    expect(presetFor(choices, { boardId: 'third', agentTypeId: 'demo' })).toBe('ask');
  });

  it('comes behind every rule', () => {
    const rule = aRule({ decision: 'ask' });
    const all = [{ boardId: 'board', agentTypeId: null, preset: 'all' as const }];
    expect(decide(runs('ls'), [rule], all)).toMatchObject({ decision: 'ask', rule });
  });
});

describe("the agent's own answer for a decision", () => {
  const options = (...kinds: PermissionOptionKind[]): PermissionOption[] =>
    kinds.map((kind, index) => ({ optionId: String(index), name: kind, kind }));

  test.each<[string, 'allow' | 'reject' | 'ask', PermissionOptionKind[], string | null]>([
    ['is the one for this time', 'allow', ['allow_always', 'allow_once', 'reject_once'], '1'],
    ['is none that it would remember', 'allow', ['allow_always', 'reject_once'], null],
    ['is none of several', 'allow', ['allow_once', 'allow_once'], null],
    ['is a no for good where there is no other', 'reject', ['allow_once', 'reject_always'], '1'],
    ['is the no for this time', 'reject', ['reject_always', 'reject_once'], '1'],
    ['is never of an unknown kind', 'allow', ['unknown'], null],
    ['is none where the user is to be asked', 'ask', ['allow_once'], null],
  ])('%s', (_name, decision, kinds, optionId) => {
    expect(optionFor(decision, options(...kinds))?.optionId ?? null).toBe(optionId);
  });

  it('is for good, but where the answers are modes', () => {
    const [always] = options('allow_always');
    if (!always) throw new Error('no option');
    expect(alwaysDecision({ toolKind: 'edit' }, always)).toBe('allow');
    expect(alwaysDecision({ toolKind: 'switch_mode' }, always)).toBeNull();
  });
});

describe('the rules that can be made of a request', () => {
  const usual = (subject: RuleSubject): string | null => {
    const draft = ruleProposals(subject, 'allow').usual;
    return draft && ruleText(draft, { agent: 'Demo agent', scope: 'A card' });
  };
  const all = (subject: RuleSubject, decision: 'allow' | 'reject' = 'allow'): string[] =>
    ruleProposals(subject, decision).drafts.map((draft) =>
      ruleText({ ...draft, scope: 'workspace' }, { agent: null, scope: null }),
    );

  it('are told in plain words, the narrowest first', () => {
    expect(usual(reads(at('src/a.ts')))).toBe('Allow reads in this workspace');
    expect(all(reads(at('src/a.ts')))).toEqual([
      'Allow reads of src/a.ts',
      'Allow reads of src/**',
      'Allow reads in this workspace',
      'Allow reads',
    ]);
    expect(usual(runs('npm test --all'))).toBe('Allow the command “npm test --all”, on card “A card”');
    expect(all(runs('npm test --all'))).toEqual([
      'Allow the command “npm test --all”',
      'Allow commands like “npm test *”',
      'Allow commands like “npm *”',
      'Allow commands',
    ]);
  });

  it('are about the beginning of no command that hides another one, or does what its arguments say', () => {
    for (const command of ['npm ci && npm test', 'bash -c "rm x"', 'python3 x.py', 'echo $HOME', 'a\nb']) {
      expect(all(runs(command))).toEqual([`Allow the command “${command}”`, 'Allow commands']);
    }
  });

  it('are about a command with a star of its own, and not about what it could stand for', () => {
    const draft = ruleProposals(runs('rm -rf *'), 'allow').drafts[0] ?? aRule();
    expect(matches(draft, runs('rm -rf *'))).toBe(true);
    expect(matches(draft, runs('rm -rf src'))).toBe(false);
    expect(usual(runs('rm -rf *'))).toBe('Allow the command “rm -rf *”, on card “A card”');
  });

  it('name what is neither a file nor a command by its title', () => {
    const asked = aSubject({ toolKind: 'other', title: 'Create issue' });
    expect(usual(asked)).toBe('Allow “Create issue”, on card “A card”');
  });

  it('are none that nobody meant, where it cannot be told what it is about', () => {
    expect(usual(runs(`echo ${'x'.repeat(20_000)}`))).toBeNull();
  });

  it('always fit the request that they are made of, and can be kept', () => {
    const place = fc.constantFrom(
      at('src/a.ts'),
      at('a [b] {c}*.ts'),
      at('.'),
      at('/etc/hosts', null),
      at('x/!y'),
    );
    const subject = fc.record({
      toolKind: fc.constantFrom('read', 'search', 'edit', 'execute', 'fetch', 'other', 'switch_mode'),
      title: fc.string({ minLength: 1 }),
      command: fc.option(
        fc.oneof(fc.constantFrom('npm test', 'ls *', 'a && b'), fc.string({ minLength: 1 })),
      ),
      hasDiffs: fc.boolean(),
      places: fc.array(place, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(subject, fc.constantFrom('allow', 'reject', 'ask'), (part, decision) => {
        fc.pre(part.command?.trim() !== '');
        const asked = aSubject(part);
        const { drafts, usual: chosen } = ruleProposals(asked, decision);
        if (chosen) expect(drafts).toContainEqual(chosen);
        for (const draft of drafts) {
          expect(matches(draft, asked)).toBe(true);
          expect(ruleProblem(draft)).toBeNull();
        }
      }),
    );
  });
});
