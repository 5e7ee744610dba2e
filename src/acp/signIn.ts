import { AcpError } from './errors.ts';
import type { AuthMethod } from './types.ts';

/**
 * Does `work` and, where the agent asks for a sign-in first, signs in and does it once more. `signIn` is told the
 * agent's error and says whether the user is signed in now.
 * @throws what `work` throws; `auth-required` again if the sign-in was given up, or did not help
 */
export async function withSignIn<T>(
  work: () => Promise<T>,
  signIn: (error: AcpError) => Promise<boolean>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AcpError) || error.reason !== 'auth-required') throw error;
    if (!(await signIn(error))) throw error;
  }
  return work();
}

/**
 * What to run in a terminal to sign in by a method of type `terminal`: the agent's own command with more arguments,
 * and with more environment. Exit code 0 means that it has worked; then start the agent anew.
 */
export function signInCommand(
  method: Extract<AuthMethod, { type: 'terminal' }>,
  agentCommand: readonly string[],
): { command: readonly string[]; env: Readonly<Record<string, string>> } {
  const base = method.command === null ? agentCommand : [method.command];
  return { command: [...base, ...method.args], env: method.env };
}
