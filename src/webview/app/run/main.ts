import { isRunHostMessage } from '../../runProtocol.ts';
import { ElapsedElement } from '../elements/elapsedElement.ts';
import type { VsCodeApi } from '../hostClient.ts';
import { configureTexts, readTranslations } from '../l10n.ts';
import { ComposerElement } from './elements/composerElement.ts';
import { RunElement } from './elements/runElement.ts';
import { TranscriptElement } from './elements/transcriptElement.ts';
import { RunClient } from './runClient.ts';
import { RunPageController } from './runPageController.ts';
import { RunViewStore } from './runState.ts';
import { RunViewKeeper } from './runViewKeeper.ts';

declare function acquireVsCodeApi(): VsCodeApi;

function start(root: HTMLElement): void {
  configureTexts(readTranslations(root.dataset.l10n));
  customElements.define('kandev-elapsed', ElapsedElement);
  customElements.define('kandev-composer', ComposerElement);
  customElements.define('kandev-transcript', TranscriptElement);
  customElements.define('kandev-run-page', RunElement);

  const api = acquireVsCodeApi();
  const client = new RunClient(api);
  const page = new RunElement();
  page.controller = new RunPageController(new RunViewStore(), client);
  page.keeper = new RunViewKeeper(api, root.dataset.taskId ?? '');
  window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isRunHostMessage(data)) page.controller.receive(data);
  });
  root.append(page);
  client.post({ type: 'ready' });
}

const root = document.getElementById('kandev-run');
if (root) start(root);
