import {
  CodeAction,
  CodeActionKind,
  DiagnosticSeverity,
  l10n,
  workspace,
  type CodeActionContext,
  type CodeActionProvider,
  type Diagnostic,
  type Range,
  type Selection,
  type TextDocument,
  type Uri,
} from 'vscode';
import { todoIn, type CodeOccasion, type CodePlace } from '../model/cardFromCode.ts';

const createCommand = 'kandev.createTaskFromCode';
const fixCommand = 'kandev.fixWithKandev';

/** So much of a message stands in a menu. */
const shownMessage = 60;

/** Offers a card for a problem, and for a comment that says what is to be done. */
export class CardCodeActions implements CodeActionProvider {
  static readonly metadata = { providedCodeActionKinds: [CodeActionKind.QuickFix] };

  provideCodeActions(
    document: TextDocument,
    range: Range | Selection,
    { diagnostics }: CodeActionContext,
  ): CodeAction[] {
    if (!workspace.isTrusted) return [];
    const [problem] = diagnostics;
    if (problem) return actionsFor(problemOf(document, problem), problem);
    const line = document.lineAt(range.start.line);
    const todo = todoIn(line.text);
    if (!todo) return [];
    return actionsFor({ kind: 'todo', place: placeOf(document, line.range), ...todo });
  }
}

function actionsFor(occasion: CodeOccasion, problem?: Diagnostic): CodeAction[] {
  const about =
    occasion.kind === 'problem' ? occasion.message : occasion.kind === 'todo' ? occasion.text : '';
  const [line = ''] = about.split('\n');
  const short = line.length > shownMessage ? `${line.slice(0, shownMessage)}…` : line;
  const titles = [
    { title: l10n.t('Fix with Kandev: {0}', short), command: fixCommand },
    { title: l10n.t('Create Kandev Task: {0}', short), command: createCommand },
  ];
  return titles.map(({ title, command }) => {
    const action = new CodeAction(title.replace(/:\s*$/, ''), CodeActionKind.QuickFix);
    action.command = { command, title, arguments: [{ occasion }] };
    // It does not mend anything by itself, so it is never the preferred one.
    if (problem) action.diagnostics = [problem];
    return action;
  });
}

function problemOf(
  document: TextDocument,
  { message, code, source, severity, range }: Diagnostic,
): CodeOccasion {
  const value = typeof code === 'object' ? code.value : code;
  return {
    kind: 'problem',
    place: placeOf(document, range),
    severity: severityName(severity),
    message,
    code: value === undefined ? null : String(value),
    source: source ?? null,
  };
}

function severityName(severity: DiagnosticSeverity): string {
  switch (severity) {
    case DiagnosticSeverity.Error:
      return 'error';
    case DiagnosticSeverity.Warning:
      return 'warning';
    default:
      return 'problem';
  }
}

/** Whole lines. The end of a selection that is at the beginning of a line leaves that line out. */
export function placeOf(document: TextDocument, { start, end }: Range): CodePlace {
  const last = end.line > start.line && end.character === 0 ? end.line - 1 : end.line;
  const lines = Array.from(
    { length: last - start.line + 1 },
    (_, index) => document.lineAt(start.line + index).text,
  );
  return { path: pathInFolder(document.uri), first: start.line, last, code: lines.join('\n') };
}

export function pathInFolder(uri: Uri): string {
  return workspace.asRelativePath(uri, false);
}
