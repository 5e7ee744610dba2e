import type { ProviderRefusal } from '../../../src/acp/providerRefusal.ts';

/** An error as an agent answered a prompt with, when its model's server answered with that status. */
export interface SeenError {
  agent: string;
  /** The status of HTTP that the model's server has given. */
  status: number;
  error: { code: number; message: string; data?: unknown };
  refusal: ProviderRefusal;
}

/** Word for word as they came from the agents of the versions in docs/agents.md, against test/agents/modelServer.ts. */
export const seenErrors: readonly SeenError[] = [
  {
    agent: 'qwen',
    status: 401,
    error: {
      code: -32603,
      message: 'Internal error',
      data: { details: '401 Incorrect API key provided.' },
    },
    refusal: 'credentials',
  },
];
