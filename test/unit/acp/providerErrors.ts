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
    agent: 'auggie-cli',
    status: 401,
    error: {
      code: -32000,
      message: 'Authentication required: HTTP error: 401 Unauthorized',
      data: {
        httpStatus: 401,
        apiStatus: 'unauthenticated',
        message: 'HTTP error: 401 Unauthorized',
        httpUrl: 'http://172.17.0.1:43129/chat-stream',
      },
    },
    refusal: 'credentials',
  },
  {
    agent: 'claude',
    status: 401,
    error: { code: -32000, message: 'Authentication required' },
    refusal: 'credentials',
  },
  {
    agent: 'claude',
    status: 429,
    error: {
      code: -32603,
      message: 'Internal error: API Error: Request rejected (429) · Rate limit reached for requests.',
      data: { errorKind: 'rate_limit' },
    },
    refusal: 'quota',
  },
  {
    agent: 'codex',
    status: 401,
    error: { code: -32000, message: 'Authentication required' },
    refusal: 'credentials',
  },
  {
    agent: 'gemini',
    status: 401,
    error: {
      code: 401,
      message: '{"error":{"code":401,"message":"Incorrect API key provided.","status":"ERROR"}}',
    },
    refusal: 'credentials',
  },
  {
    agent: 'opencode',
    status: 401,
    error: {
      code: -32603,
      message: 'Internal error: Incorrect API key provided.',
      data: { service: 'session', errorName: 'APIError' },
    },
    refusal: 'credentials',
  },
  {
    agent: 'qwen',
    status: 401,
    error: { code: -32603, message: 'Internal error', data: { details: '401 Incorrect API key provided.' } },
    refusal: 'credentials',
  },
];

/** The last message of turns that ended with `end_turn` nevertheless. */
export const seenMessages: readonly {
  agent: string;
  status: number;
  text: string;
  refusal: ProviderRefusal;
}[] = [
  {
    agent: 'codex',
    status: 429,
    text: 'exceeded retry limit, last status: 429 Too Many Requests\n\n',
    refusal: 'quota',
  },
  {
    agent: 'copilot',
    status: 401,
    text: 'Error: Authentication failed with provider at http://172.17.0.1:40905/v1 (HTTP 401).\n  Check your COPILOT_PROVIDER_API_KEY, COPILOT_PROVIDER_API_KEY_COMMAND, or COPILOT_PROVIDER_BEARER_TOKEN.',
    refusal: 'credentials',
  },
];
