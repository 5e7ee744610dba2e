import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseImageOf } from '../../../src/agents/buildImage.ts';
import { automaticSignIn, builtInAgentTypes, resolveAgentTypes } from '../../../src/agents/registry.ts';

const good = { id: 'mine', image: 'my/agent:1', command: ['agent', '--acp'] };
const builtInIds = builtInAgentTypes.map(({ id }) => id);

/** The types of the user's own, and the problems. */
function resolve(setting: unknown) {
  const { types, problems } = resolveAgentTypes(setting);
  expect(types.slice(0, builtInAgentTypes.length)).toEqual(builtInAgentTypes);
  return { own: types.slice(builtInAgentTypes.length), problems };
}

describe('the built-in agent types', () => {
  it('are these, and the one that needs no account comes first', () => {
    expect(builtInIds).toEqual([
      'demo',
      'auggie-cli',
      'gemini',
      'claude',
      'codex',
      'copilot',
      'opencode',
      'qwen',
    ]);
    expect(new Set(builtInAgentTypes.map(({ image }) => image)).size).toBe(builtInIds.length);
  });

  it.each(builtInAgentTypes)(
    '$id has a Dockerfile that ships, with the command and a pinned version',
    (type) => {
      const file = new URL(`../../../${type.buildContext ?? ''}/Dockerfile`, import.meta.url);
      expect(type.buildContext).toBe(`agents/${type.id === 'demo' ? 'demo' : type.id}`);
      expect(existsSync(file)).toBe(true);
      const dockerfile = readFileSync(file, 'utf8');
      // The base that can be made from this machine in its place.
      expect(baseImageOf(dockerfile)).toBe('node:22-slim');
      // What follows the first two words are options that Kandev gives.
      expect(dockerfile).toContain(
        `CMD ${JSON.stringify(type.command.slice(0, 2)).replaceAll('","', '", "')}`,
      );
      expect(dockerfile).toMatch(/^USER 1000:1000$/m);
      if (type.id === 'demo') return;
      expect(dockerfile).toMatch(/^ {6}\S+@\d+\.\d+\.\d+ && \\$/m);
      expect(dockerfile).not.toMatch(/latest/);
    },
  );

  it.each(builtInAgentTypes)('$id says nothing that the setting could not say', (type) => {
    const { buildContext, resources, offers, ...same } = type;
    const entry = {
      ...same,
      id: 'copy',
      build: `/${buildContext ?? ''}`,
      ...resources,
      files: offers?.fs,
      terminals: offers?.terminal,
    };
    const { own, problems } = resolve([JSON.parse(JSON.stringify(entry))]);
    expect(problems).toEqual([]);
    expect(own).toEqual([{ ...type, id: 'copy', buildContext: `/${buildContext ?? ''}` }]);
  });

  it('name no value of a variable that is a secret', () => {
    for (const { variables = {}, environment } of builtInAgentTypes) {
      for (const name of Object.keys(variables)) expect(environment).not.toContain(name);
      expect(Object.keys(variables).join(' ')).not.toMatch(/KEY|TOKEN|AUTH|SECRET/);
    }
  });
});

describe('automaticSignIn', () => {
  const signIn = {
    automatic: [
      { variable: 'FIRST', method: 'one' },
      { variable: 'SECOND', method: 'two' },
    ],
  };

  it.each([
    [{ SECOND: 'x', FIRST: 'y' }, 'one'],
    [{ SECOND: 'x' }, 'two'],
    [{ FIRST: '', SECOND: 'x' }, 'two'],
    [{ OTHER: 'x' }, undefined],
  ])('with %j is %s', (environment, method) => {
    expect(automaticSignIn({ signIn }, environment)).toBe(method);
  });

  it('is none for a type that needs none', () => {
    expect(automaticSignIn({}, { FIRST: 'x' })).toBeUndefined();
  });
});

describe('an entry of kandev.agents', () => {
  it.each([undefined, null, []])('is not needed: %j', (setting) => {
    expect(resolve(setting)).toEqual({ own: [], problems: [] });
  });

  it('has what it leaves out filled in', () => {
    expect(resolve([good])).toEqual({
      own: [
        {
          id: 'mine',
          name: 'mine',
          image: 'my/agent:1',
          buildContext: null,
          command: ['agent', '--acp'],
          environment: [],
          resources: { cpus: 2, memoryMb: 2048, pids: 512, network: 'bridge' },
          offers: { fs: true, terminal: true },
          dialect: 'acp',
          firstMode: null,
        },
      ],
      problems: [],
    });
  });

  it('has all that it says', () => {
    const entry = {
      ...good,
      name: ' Mine ',
      build: '/home/me/agent',
      environment: ['MY_KEY'],
      variables: { MY_URL: 'http://127.0.0.1' },
      cpus: 0.5,
      memoryMb: 512,
      pids: 100,
      network: ['api.example.com', '*.example.org', 'git.example.com:8443'],
      files: false,
      terminals: false,
      stateFolder: '.config/mine',
      dialect: 'legacy',
      firstMode: 'default',
      signIn: {
        hint: 'Ask Ann.',
        command: ['agent', 'login'],
        automatic: [{ variable: 'MY_KEY', method: 'key' }],
      },
      quirks: { missingFileIsEmpty: true, noLoadInSameMinute: true, modeMessagePrefix: 'MODE ' },
    };
    expect(resolve([entry])).toEqual({
      own: [
        {
          id: 'mine',
          name: 'Mine',
          image: 'my/agent:1',
          buildContext: '/home/me/agent',
          command: ['agent', '--acp'],
          environment: ['MY_KEY'],
          variables: { MY_URL: 'http://127.0.0.1' },
          resources: { cpus: 0.5, memoryMb: 512, pids: 100, network: entry.network },
          offers: { fs: false, terminal: false },
          stateFolder: '.config/mine',
          dialect: 'legacy',
          firstMode: 'default',
          signIn: entry.signIn,
          quirks: entry.quirks,
        },
      ],
      problems: [],
    });
  });

  it('may have a folder to build from in the place of an image', () => {
    const { own } = resolve([{ id: 'mine', build: '/home/me/agent', command: ['agent'] }]);
    expect(own).toMatchObject([{ image: 'kandev-own/mine:latest', buildContext: '/home/me/agent' }]);
  });

  const bad: [what: string, entry: unknown, problem: string][] = [
    ['no object', 5, 'kandev.agents, entry 1: It must be an object.'],
    ['nothing', null, 'kandev.agents, entry 1: It must be an object.'],
    ['no id', { image: 'x', command: ['x'] }, 'kandev.agents, entry 1: id: It is missing.'],
    [
      'a wrong id',
      { ...good, id: 'Mine' },
      'kandev.agents, "Mine": id: It must consist of small letters, digits and "-".',
    ],
    ['no image', { id: 'x', command: ['x'] }, 'kandev.agents, "x": image: It is missing.'],
    ['no command', { id: 'x', image: 'x' }, 'kandev.agents, "x": command: It is missing.'],
    ['an empty image', { ...good, image: ' ' }, 'kandev.agents, "mine": image: It must not be empty.'],
    [
      'a relative folder',
      { ...good, build: 'here' },
      'kandev.agents, "mine": build: It must be the whole path of a folder with a Dockerfile.',
    ],
    [
      'a command that is one text',
      { ...good, command: 'agent --acp' },
      'kandev.agents, "mine": command: It must be a list: the program, then its arguments.',
    ],
    ['no program', { ...good, command: [] }, 'kandev.agents, "mine": command: It must name the program.'],
    [
      'an empty program',
      { ...good, command: [' '] },
      'kandev.agents, "mine": command: It must name the program.',
    ],
    [
      'a value where a name belongs',
      { ...good, environment: ['KEY=secret'] },
      'kandev.agents, "mine": environment.0: "KEY=secret" is not a name of an environment variable. Values do not belong here.',
    ],
    [
      'a value that is no text',
      { ...good, variables: { A: 1 } },
      'kandev.agents, "mine": variables.A: Each must be a text.',
    ],
    ['no processor', { ...good, cpus: 0 }, 'kandev.agents, "mine": cpus: It must be at least 0.1.'],
    [
      'too little memory',
      { ...good, memoryMb: 4 },
      'kandev.agents, "mine": memoryMb: It must be at least 64.',
    ],
    [
      'a flag that is none',
      { ...good, files: 'yes' },
      'kandev.agents, "mine": files: It must be true or false.',
    ],
    [
      'an unknown dialect',
      { ...good, dialect: 'old' },
      'kandev.agents, "mine": dialect: It must be "acp" or "legacy".',
    ],
    [
      'an unknown field',
      { ...good, memory: 1 },
      'kandev.agents, "mine": memory: Kandev knows no such field.',
    ],
    [
      'an unknown field within',
      { ...good, quirks: { odd: true } },
      'kandev.agents, "mine": quirks.odd: Kandev knows no such field.',
    ],
    [
      'the first of two wrong fields, and no more',
      { ...good, cpus: 'two', memoryMb: 'much' },
      'kandev.agents, "mine": cpus: It must be a number.',
    ],
  ];

  it.each(bad)('that is wrong is told of, and hides no other: %s', (_what, entry, problem) => {
    const { own, problems } = resolve([entry, { ...good, id: 'other' }]);
    expect(problems).toEqual([problem]);
    expect(own.map(({ id }) => id)).toEqual(['other']);
  });

  it.each(['/absolute', '..', '../up', 'a/../../b', '.', './a', 'a/.', 'a\\b', ' '])(
    'cannot keep its state outside its home: %s',
    (stateFolder) => {
      const { own, problems } = resolve([{ ...good, stateFolder }]);
      expect(problems).toEqual([expect.stringContaining('stateFolder: It must')]);
      expect(own).toEqual([]);
    },
  );

  it.each(['.agent', 'a', '.local/share/agent', '..a', 'a b'])('can keep its state in %s', (stateFolder) => {
    expect(resolve([{ ...good, stateFolder }]).own).toMatchObject([{ stateFolder }]);
  });

  it('is the first of two with the same id', () => {
    const { own, problems } = resolve([good, { ...good, image: 'second' }]);
    expect(own.map(({ image }) => image)).toEqual(['my/agent:1']);
    expect(problems).toEqual([
      'kandev.agents, "mine": an agent with this id comes before it. Choose another id.',
    ]);
  });

  it('is in a list', () => {
    expect(resolve({ mine: good }).problems).toEqual(['kandev.agents must be a list of agents.']);
  });

  it('whatever it is, leaves the others alone', () => {
    fc.assert(
      fc.property(fc.array(fc.anything()), (entries) => {
        const { types } = resolveAgentTypes([...entries, { ...good, id: 'other' }]);
        expect(types.at(-1)?.id).toBe('other');
      }),
    );
  });
});

describe('an entry with the id of a built-in type', () => {
  const gemini = builtInAgentTypes.find(({ id }) => id === 'gemini');

  it('changes that one, in the fields that it has', () => {
    const { types, problems } = resolveAgentTypes([
      {
        id: 'gemini',
        memoryMb: 4096,
        variables: { EXTRA: '1' },
        terminals: true,
        quirks: { missingFileIsEmpty: false },
        signIn: { hint: 'Ask Ann.' },
      },
    ]);
    expect(problems).toEqual([]);
    expect(types.map(({ id }) => id)).toEqual(builtInIds);
    expect(types.find(({ id }) => id === 'gemini')).toEqual({
      ...gemini,
      resources: { cpus: 1.5, memoryMb: 4096, pids: 512, network: 'bridge' },
      variables: { ...gemini?.variables, EXTRA: '1' },
      offers: { fs: true, terminal: true },
      quirks: { ...gemini?.quirks, missingFileIsEmpty: false },
      signIn: { ...gemini?.signIn, hint: 'Ask Ann.' },
    });
  });

  it('with an image of its own is not built from our Dockerfile', () => {
    const { types } = resolveAgentTypes([{ id: 'gemini', image: 'our/gemini:2' }]);
    expect(types.find(({ id }) => id === 'gemini')).toMatchObject({
      image: 'our/gemini:2',
      buildContext: null,
      command: ['gemini', '--acp'],
    });
  });

  it('changes it once', () => {
    const { types, problems } = resolveAgentTypes([
      { id: 'gemini', cpus: 3 },
      { id: 'gemini', cpus: 4 },
    ]);
    expect(types.find(({ id }) => id === 'gemini')?.resources.cpus).toBe(3);
    expect(problems).toEqual([
      'kandev.agents, "gemini": an agent with this id comes before it. Choose another id.',
    ]);
  });
});
