let bundle: Readonly<Record<string, string>> = {};

/** Takes the translations that VS Code has loaded for this extension; without one, texts stay in English. */
export function configureTexts(translations: Readonly<Record<string, string>>): void {
  bundle = translations;
}

/** A text in the user's language, as `vscode.l10n.t` gives it: `{0}`, `{1}` … stand for the arguments. */
export function t(message: string, ...args: readonly (string | number)[]): string {
  return (bundle[message] ?? message).replace(/\{(\d+)\}/g, (placeholder, index: string) =>
    String(args[Number(index)] ?? placeholder),
  );
}

/** The translations that a page was given, as JSON. */
export function readTranslations(json: string | undefined): Record<string, string> {
  const parsed: unknown = JSON.parse(json ?? '{}');
  if (typeof parsed !== 'object' || parsed === null) return {};
  return Object.fromEntries(
    Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
