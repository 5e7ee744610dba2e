import { isHostMessage } from '../protocol.ts';
import { BoardController } from './boardController.ts';
import { BoardElement } from './elements/boardElement.ts';
import { CardElement } from './elements/cardElement.ts';
import { ColumnElement } from './elements/columnElement.ts';
import { ElapsedElement } from './elements/elapsedElement.ts';
import { FormElement } from './elements/formElement.ts';
import { HelpElement } from './elements/helpElement.ts';
import { PeekElement } from './elements/peekElement.ts';
import { HostClient, type VsCodeApi } from './hostClient.ts';
import { configureTexts, readTranslations } from './l10n.ts';
import { ViewKeeper } from './savedView.ts';
import { ScrollKeeper } from './scrollKeeper.ts';
import { Store } from './state.ts';

declare function acquireVsCodeApi(): VsCodeApi;

function start(root: HTMLElement): void {
  configureTexts(readTranslations(root.dataset.l10n));
  customElements.define('kandev-elapsed', ElapsedElement);
  customElements.define('kandev-card', CardElement);
  customElements.define('kandev-column', ColumnElement);
  customElements.define('kandev-form', FormElement);
  customElements.define('kandev-help', HelpElement);
  customElements.define('kandev-peek', PeekElement);
  customElements.define('kandev-app', BoardElement);

  const api = acquireVsCodeApi();
  const host = new HostClient(api);
  const viewKeeper = new ViewKeeper(api);
  const app = new BoardElement();
  app.controller = new BoardController(new Store(), host, viewKeeper);
  app.scrollKeeper = new ScrollKeeper(viewKeeper);
  window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isHostMessage(data)) app.controller.receive(data);
  });
  root.append(app);
  host.post({ type: 'ready' });
}

const root = document.getElementById('kandev-board');
if (root) start(root);
