import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** What a page may do, and load from the extension's folder. */
export function pageSettings(extensionUri: vscode.Uri): vscode.WebviewOptions {
  const folders = [['dist', 'webview'], ['media']];
  return {
    enableScripts: true,
    localResourceRoots: folders.map((names) => vscode.Uri.joinPath(extensionUri, ...names)),
  };
}

/** Of the tab of a page. */
export function pageIcon(extensionUri: vscode.Uri): { light: vscode.Uri; dark: vscode.Uri } {
  return {
    light: vscode.Uri.joinPath(extensionUri, 'media', 'board-light.svg'),
    dark: vscode.Uri.joinPath(extensionUri, 'media', 'board-dark.svg'),
  };
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

export interface PageOptions {
  /** Of its script and its style sheet, and of the element that they fill: `board` is `#kandev-board`. */
  name: 'board' | 'run' | 'insight';
  title: string;
  /** What the script finds in the `data-` attributes of its element. */
  data?: Readonly<Record<'taskId', string>>;
}

/** A page: an empty frame that its script fills. It can run our script only, and reach nothing else. */
export function webviewPage(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  { name, title, data }: PageOptions,
): string {
  const asset = (file: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', 'webview', file)).toString();
  const nonce = randomBytes(18).toString('base64');
  const policy = [
    `default-src 'none'`,
    // Pictures of messages are handed over by the extension: the page makes them itself, and reads none from elsewhere.
    `img-src ${webview.cspSource}${name === 'run' ? ' blob:' : ''}`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `script-src 'nonce-${nonce}'`,
  ].join('; ');
  const task = data ? ` data-task-id="${escapeAttribute(data.taskId)}"` : '';
  return `<!DOCTYPE html>
<html lang="${escapeAttribute(vscode.env.language)}">
  <head>
    <meta charset="UTF-8" />
    <meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="stylesheet" href="${asset('codicon.css')}" />
    <link rel="stylesheet" href="${asset(`${name}.css`)}" />
    <title>${escapeAttribute(title)}</title>
  </head>
  <body data-vscode-context="${escapeAttribute(JSON.stringify({ preventDefaultContextMenuItems: true }))}">
    <div id="kandev-${name}" data-l10n="${escapeAttribute(JSON.stringify(vscode.l10n.bundle ?? {}))}"${task}></div>
    <script nonce="${nonce}" src="${asset(`${name}.js`)}"></script>
  </body>
</html>`;
}
