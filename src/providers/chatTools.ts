import { l10n, lm, LanguageModelTextPart, LanguageModelToolResult, MarkdownString } from 'vscode';
import * as v from 'valibot';
import { cardTools, type CardTool } from '../api/cardTools.ts';
import type { Kandev } from '../api/contract.ts';
import type { Disposable } from '../model/events.ts';
import { failureOf, UserError } from '../model/failure.ts';
import { DisposableStore } from './disposableStore.ts';

/** In the chat of VS Code nobody but its user answers what agents ask. */
const chatTools = cardTools.filter(({ scope }) => scope !== 'approve');

/** Lets the models of VS Code's chat use the board. What changes something is confirmed by the user first. */
export function registerChatTools(kandev: Kandev): Disposable {
  const store = new DisposableStore();
  for (const tool of chatTools) {
    store.add(
      lm.registerTool<object>(`kandev_${tool.name}`, {
        prepareInvocation: ({ input }) => ({
          invocationMessage: l10n.t('Kandev: {0}', tool.title),
          ...(tool.readOnly
            ? {}
            : { confirmationMessages: { title: tool.title, message: shown(tool, input) } }),
        }),
        invoke: async ({ input }) => {
          const result = await answered(tool.run(kandev, input, () => undefined));
          return new LanguageModelToolResult([new LanguageModelTextPart(JSON.stringify(result))]);
        },
      }),
    );
  }
  return store;
}

/** Exactly what the model asks for: the user agrees to that, and to nothing else. */
function shown({ description }: CardTool, input: object): MarkdownString {
  return new MarkdownString().appendText(description).appendCodeblock(JSON.stringify(input, null, 2), 'json');
}

/** A refusal is for the model to read, which may do otherwise then. */
async function answered(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (v.isValiError(error)) return { refused: error.issues.map(({ message }) => message).join(' ') };
    if (error instanceof UserError) return { refused: failureOf(error).message };
    throw error;
  }
}
