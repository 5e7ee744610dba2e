import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** What the page may load from the extension's folder. */
export function boardResourceRoots(extensionUri: vscode.Uri): vscode.Uri[] {
  return [vscode.Uri.joinPath(extensionUri, 'dist', 'webview'), vscode.Uri.joinPath(extensionUri, 'media')];
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

/** The page of a board: an empty frame that its script fills. It can run our script only, and reach nothing else. */
export function boardPage(webview: vscode.Webview, extensionUri: vscode.Uri): string {
  const asset = (name: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', 'webview', name)).toString();
  const nonce = randomBytes(18).toString('base64');
  const policy = [
    `default-src 'none'`,
    `img-src ${webview.cspSource}`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `script-src 'nonce-${nonce}'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${escapeAttribute(vscode.env.language)}">
  <head>
    <meta charset="UTF-8" />
    <meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="stylesheet" href="${asset('codicon.css')}" />
    <link rel="stylesheet" href="${asset('board.css')}" />
    <title>${escapeAttribute(vscode.l10n.t('Kandev Board'))}</title>
  </head>
  <body data-vscode-context="${escapeAttribute(JSON.stringify({ preventDefaultContextMenuItems: true }))}">
    <div id="kandev-board" data-l10n="${escapeAttribute(JSON.stringify(vscode.l10n.bundle ?? {}))}"></div>
    <script nonce="${nonce}" src="${asset('board.js')}"></script>
  </body>
</html>`;
}
