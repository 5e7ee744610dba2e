import { describe, expect, it } from 'vitest';
import { builtInAgentTypes, resolveAgentTypes } from '../../../src/agents/registry.ts';

const good = { id: 'mine', image: 'my/agent:1', command: ['agent', '--acp'] };

/** The types of the user's own, and the problems. */
function resolve(setting: unknown) {
  const { types, problems } = resolveAgentTypes(setting);
  expect(types.slice(0, builtInAgentTypes.length)).toEqual(builtInAgentTypes);
  return { own: types.slice(builtInAgentTypes.length), problems };
}

describe('resolveAgentTypes', () => {
  it.each([undefined, null, []])('has the built-in types for %j', (setting) => {
    expect(resolve(setting)).toEqual({ own: [], problems: [] });
  });

  it('fills in what an entry leaves out', () => {
    expect(resolve([good])).toEqual({
      own: [
        {
          id: 'mine',
          name: 'mine',
          image: 'my/agent:1',
          buildContext: null,
          command: ['agent', '--acp'],
          environment: [],
          resources: { cpus: 2, memoryMb: 2048 },
          dialect: 'acp',
          firstMode: null,
        },
      ],
      problems: [],
    });
  });

  it('takes all that an entry says', () => {
    const entry = {
      ...good,
      name: 'Mine',
      environment: ['MY_KEY'],
      cpus: 0.5,
      memoryMb: 512,
      dialect: 'legacy',
      firstMode: 'default',
    };
    expect(resolve([entry]).own).toMatchObject([
      {
        name: 'Mine',
        environment: ['MY_KEY'],
        resources: { cpus: 0.5, memoryMb: 512 },
        dialect: 'legacy',
        firstMode: 'default',
      },
    ]);
  });

  const bad: [what: string, entry: unknown, problem: string][] = [
    ['no object', 5, 'kandev.agents, entry 1: It must be an object with id, image and command.'],
    ['no id', { ...good, id: undefined }, 'kandev.agents, entry 1: id: It must be a text.'],
    ['no image', { id: 'x', command: ['x'] }, 'kandev.agents, "x": image: It is missing.'],
    ['an empty image', { ...good, image: ' ' }, 'kandev.agents, "mine": image: It must not be empty.'],
    [
      'a command that is one text',
      { ...good, command: 'agent --acp' },
      'kandev.agents, "mine": command: It must be a list: the program, then its arguments.',
    ],
    ['no program', { ...good, command: [] }, 'kandev.agents, "mine": command: It must name the program.'],
    [
      'a value where a name belongs',
      { ...good, environment: ['KEY=secret'] },
      'kandev.agents, "mine": environment.0: "KEY=secret" is not a name of an environment variable. Values do not belong here.',
    ],
    ['no processor', { ...good, cpus: 0 }, 'kandev.agents, "mine": cpus: It must be at least 0.1.'],
    [
      'too little memory',
      { ...good, memoryMb: 4 },
      'kandev.agents, "mine": memoryMb: It must be at least 64.',
    ],
    [
      'an unknown dialect',
      { ...good, dialect: 'old' },
      'kandev.agents, "mine": dialect: It must be "acp" or "legacy".',
    ],
    [
      'a field with a slip',
      { ...good, memory: 1 },
      'kandev.agents, "mine": memory: Kandev knows no such field.',
    ],
    [
      'the id of a built-in type',
      { ...good, id: 'demo' },
      'kandev.agents, "demo": this id belongs to an agent that Kandev brings along. Choose another id.',
    ],
  ];

  it.each(bad)('tells of %s, and hides no other entry', (_what, entry, problem) => {
    const { own, problems } = resolve([entry, { ...good, id: 'other' }]);
    expect(problems).toEqual([problem]);
    expect(own.map(({ id }) => id)).toEqual(['other']);
  });

  it('keeps the first of two with the same id', () => {
    const { own, problems } = resolve([good, { ...good, image: 'second' }]);
    expect(own.map(({ image }) => image)).toEqual(['my/agent:1']);
    expect(problems).toEqual([
      'kandev.agents, "mine": an agent with this id comes before it. Choose another id.',
    ]);
  });

  it('tells of a setting that is no list', () => {
    expect(resolve({ mine: good }).problems).toEqual(['kandev.agents must be a list of agents.']);
  });
});
