/** The steps of a script that use the tools of MCP servers. */
import type { Handlers } from './scriptRun.ts';
import { useTool } from './toolbox.ts';

export const toolSteps: Handlers<'tools' | 'call'> = {
  tools: async ({ turn }) => turn.say(`tools: ${(await turn.toolbox.names()).join(', ')}`),
  call: async (run, { name, input }) => {
    const filled = JSON.parse(
      JSON.stringify(input).replaceAll('"$card"', JSON.stringify(run.card ?? '')),
    ) as typeof input;
    const { text, isError } = await useTool(run.turn, name, filled);
    run.outcome = [isError ? 'refused' : 'done'];
    run.card = cardIn(text) ?? run.card;
    await run.turn.say(`${name}: ${text}\n`);
  },
};

/** The id of the card that a tool tells of. */
function cardIn(text: string): string | undefined {
  try {
    const { card } = JSON.parse(text) as { card?: unknown };
    return typeof card === 'string' ? card : undefined;
  } catch {
    return undefined;
  }
}
