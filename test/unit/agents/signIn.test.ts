import { describe, expect, it } from 'vitest';
import type { AuthMethod } from '../../../src/acp/types.ts';
import { builtInAgentTypes } from '../../../src/agents/registry.ts';
import { signInWays } from '../../../src/agents/signIn.ts';
import type { AgentType } from '../../../src/model/agentType.ts';

const plain: AgentType = {
  id: 'mine',
  name: 'Mine',
  image: 'mine:1',
  buildContext: null,
  command: ['mine', '--acp'],
  environment: ['MINE_KEY'],
  resources: { cpus: 1, memoryMb: 256, pids: 512, network: 'bridge' },
  dialect: 'acp',
  firstMode: null,
};
const texts = (id: string) => ({ id, name: `By ${id}`, description: null });
const methods: AuthMethod[] = [
  { ...texts('agent'), type: 'agent' },
  { ...texts('terminal'), type: 'terminal', args: ['--login'], env: { DEVICE: '1' }, command: null },
  { ...texts('key'), type: 'env_var', variables: [], link: null },
  { ...texts('other'), type: 'unknown', raw: {} },
];

describe('signInWays', () => {
  it('are the variables of the type and the methods that the agent names, as far as they can be gone', () => {
    expect(signInWays(plain, methods)).toEqual([
      { kind: 'variable', name: 'MINE_KEY' },
      { kind: 'agent', name: 'By agent', methodId: 'agent' },
      { kind: 'terminal', name: 'By terminal', command: ['mine', '--acp', '--login'], env: { DEVICE: '1' } },
    ]);
  });

  it('are several variables together, where the type gives the agent all of them', () => {
    const variables = ['MINE_KEY', 'MINE_URL'].map((name) => ({
      name,
      label: name,
      secret: name === 'MINE_KEY',
      optional: false,
    }));
    const both: AuthMethod = { ...texts('both'), type: 'env_var', variables, link: null };
    const type = { ...plain, environment: ['MINE_KEY', 'MINE_URL'] };
    expect(signInWays(type, [both]).at(-1)).toEqual({ kind: 'variables', name: 'By both', variables });
    // It cannot have what nobody has agreed to by naming it.
    expect(signInWays(plain, [both])).toEqual([{ kind: 'variable', name: 'MINE_KEY' }]);
  });

  it('are not the agent’s methods where the type has a command of its own', () => {
    expect(signInWays({ ...plain, signIn: { command: ['mine', 'login'] } }, methods)).toEqual([
      { kind: 'variable', name: 'MINE_KEY' },
      { kind: 'terminal', name: null, command: ['mine', 'login'], env: {} },
    ]);
  });

  it.each(builtInAgentTypes.filter(({ id }) => id !== 'demo'))('$id has some, without asking it', (type) => {
    expect(signInWays(type, []).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['variable', 'terminal']),
    );
  });
});
