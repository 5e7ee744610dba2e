/** What agents write is text and no more, also where VS Code would make links, buttons or icons of it. */

/** For a notification, a dialog or a prompt: there, `[text](command:…)` would be a link that runs a command. */
export function plainMessage(text: string): string {
  return text.replaceAll('](', '] (');
}

/** For the label, the description or the detail of an item: there, `$(check)` would be an icon. */
export function plainLabel(text: string): string {
  return oneLine(text).replaceAll(/\$\([\w~-]+\)/g, '\\$&');
}

/** The text in one line, and no longer than a line can be read. */
export function oneLine(text: string, limit = 300): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}
