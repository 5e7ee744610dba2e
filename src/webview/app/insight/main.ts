import { isInsightHostMessage } from '../../insightProtocol.ts';
import type { VsCodeApi } from '../hostClient.ts';
import { configureTexts, readTranslations } from '../l10n.ts';
import { ChartElement } from './elements/chartElement.ts';
import { StatisticsElement } from './elements/statisticsElement.ts';
import { TimelineElement } from './elements/timelineElement.ts';
import { InsightClient } from './insightClient.ts';
import { readSavedView, StatisticsController } from './statisticsController.ts';
import { TimelineController } from './timelineController.ts';

declare function acquireVsCodeApi(): VsCodeApi;

function start(root: HTMLElement): void {
  configureTexts(readTranslations(root.dataset.l10n));
  customElements.define('kandev-chart', ChartElement);
  customElements.define('kandev-statistics', StatisticsElement);
  customElements.define('kandev-timeline', TimelineElement);
  const api = acquireVsCodeApi();
  const { taskId } = root.dataset;
  const client = new InsightClient(api, (event) => {
    page.controller.hear(event);
  });
  const page = taskId === undefined ? new StatisticsElement() : new TimelineElement();
  if (page instanceof StatisticsElement) {
    page.controller = new StatisticsController(client, readSavedView(api.getState()), (view) => {
      api.setState(view);
    });
  } else {
    page.controller = new TimelineController(client);
    api.setState({ taskId });
  }
  window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isInsightHostMessage(data)) client.receive(data);
  });
  root.append(page);
  client.ready();
}

const root = document.getElementById('kandev-insight');
if (root) start(root);
