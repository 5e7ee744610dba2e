import { commands } from 'vscode';
import type { Disposable } from '../model/events.ts';
import { agentCommands } from './agentCommands.ts';
import { approvalCommands } from './approvalCommands.ts';
import { boardCommands } from './boardCommands.ts';
import { boardListCommands } from './boardListCommands.ts';
import { cardCommands } from './cardCommands.ts';
import { codeCommands } from './codeCommands.ts';
import { commentCommands } from './commentCommands.ts';
import { columnCommands } from './columnCommands.ts';
import { containerCommands } from './containerCommands.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { credentialCommands } from './credentialCommands.ts';
import { dataCommands } from './dataCommands.ts';
import { dependencyCommands } from './dependencyCommands.ts';
import { engineCommands } from './engineCommands.ts';
import { filterCommands } from './filterCommands.ts';
import { gatewayCommands } from './gatewayCommands.ts';
import { imageCommands } from './imageCommands.ts';
import { insightCommands } from './insightCommands.ts';
import { queueCommands } from './queueCommands.ts';
import { resultCommands } from './resultCommands.ts';
import { reviewCommands } from './reviewCommands.ts';
import { ruleCommands } from './ruleCommands.ts';
import { runCommands } from './runCommands.ts';
import { sessionCommands } from './sessionCommands.ts';
import { transcriptCommands } from './transcriptCommands.ts';
import { walkCommands } from './walkCommands.ts';
import { workspaceCommands } from './workspaceCommands.ts';
import { waitCommands } from './waitCommands.ts';

/** Every command of the extension. The manifest contributes exactly these; a test holds the two together. */
const allCommands: CommandTable = {
  ...agentCommands,
  ...approvalCommands,
  ...boardCommands,
  ...boardListCommands,
  ...cardCommands,
  ...codeCommands,
  ...commentCommands,
  ...columnCommands,
  ...containerCommands,
  ...credentialCommands,
  ...dataCommands,
  ...dependencyCommands,
  ...engineCommands,
  ...filterCommands,
  ...gatewayCommands,
  ...imageCommands,
  ...insightCommands,
  ...queueCommands,
  ...resultCommands,
  ...reviewCommands,
  ...ruleCommands,
  ...runCommands,
  ...sessionCommands,
  ...transcriptCommands,
  ...walkCommands,
  ...workspaceCommands,
  ...waitCommands,
};

export function registerCommands(context: CommandContext): Disposable[] {
  return Object.entries(allCommands).map(([id, handler]) =>
    commands.registerCommand(id, (...args: unknown[]) =>
      context.failures.guard(() => handler(context, ...args)),
    ),
  );
}
