import type { AcpConnection, SessionOptions } from './connection.ts';
import { AcpError } from './errors.ts';
import type { Session } from './session.ts';
import type { RequestLimits } from './transport/rpcPeer.ts';

/** How a conversation goes on. `new`: the agent knows nothing of it, and is to be told. */
export interface Reopened {
  session: Session;
  how: 'resumed' | 'loaded' | 'new';
  /** Why it is a new one, as the agent said; null where the agent cannot open sessions again at all. */
  reason: AcpError | null;
}

/**
 * Goes on with a session of an agent that was started anew, in the best way the agent has: resumes it, else loads it
 * without telling the old conversation again, else begins a new one and says so.
 * @throws AcpError what has nothing to do with that session: `auth-required`, `closed`, `timeout`, `cancelled`
 */
export async function reopenSession(
  connection: AcpConnection,
  sessionId: string,
  options: SessionOptions,
  limits: RequestLimits = {},
): Promise<Reopened> {
  const old = { ...options, replay: 'discard' } as const;
  const { capabilities } = connection;
  let reason: AcpError | null = null;
  if (capabilities.session.resume) {
    try {
      const session = await connection.resumeSession(sessionId, old, limits);
      return { session, how: 'resumed', reason: null };
    } catch (error) {
      reason = aboutTheSession(error);
    }
  }
  if (capabilities.loadSession) {
    try {
      const session = await connection.loadSession(sessionId, old, limits);
      return { session, how: 'loaded', reason: null };
    } catch (error) {
      reason = aboutTheSession(error);
    }
  }
  return { session: await connection.newSession(options, limits), how: 'new', reason };
}

function aboutTheSession(error: unknown): AcpError {
  const isIt =
    error instanceof AcpError && (error.reason === 'session-not-found' || error.reason === 'agent-error');
  if (isIt) return error;
  throw error;
}
