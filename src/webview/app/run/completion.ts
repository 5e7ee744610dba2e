import { mentionOf } from '../../../model/mentions.ts';
import type { RunCommand } from '../../runProtocol.ts';

/** What is being typed that can be completed: a slash command at the beginning, or the name of a file after an @. */
export interface Completing {
  kind: 'command' | 'file';
  query: string;
  from: number;
  to: number;
}

/** What the caret stands in, if it can be completed. */
export function completingAt(text: string, caret: number): Completing | null {
  const before = text.slice(0, caret);
  const command = /^\/([\w:.-]*)$/.exec(before);
  if (command) return { kind: 'command', query: command[1] ?? '', from: 0, to: caret };
  const file = /(?:^|[\s([{<>,;])(@(?:"([^"\n]*)|([^\s@"]*)))$/.exec(before);
  if (!file) return null;
  const [, typed = '', quoted, plain = ''] = file;
  return { kind: 'file', query: quoted ?? plain, from: caret - typed.length, to: caret };
}

/** Commands whose name begins with what was typed, then those that contain it. */
export function matchingCommands(commands: readonly RunCommand[], query: string): RunCommand[] {
  const wanted = query.toLowerCase();
  const rank = ({ name }: RunCommand): number => name.toLowerCase().indexOf(wanted);
  return commands.filter((command) => rank(command) !== -1).sort((a, b) => rank(a) - rank(b));
}

/** The text with what was chosen in the place of what was typed, and where the caret goes. */
export function completed(
  text: string,
  { kind, from, to }: Completing,
  chosen: string,
): { text: string; caret: number } {
  const inserted = `${kind === 'command' ? `/${chosen}` : mentionOf(chosen)} `;
  const rest = text.slice(to);
  // A quote that was typed is closed by what is inserted.
  const isQuoted = text.startsWith('@"', from);
  return {
    text: text.slice(0, from) + inserted + (isQuoted ? rest.replace(/^"/, '') : rest).replace(/^ /, ''),
    caret: from + inserted.length,
  };
}
