import { html, type TemplateResult } from 'lit';
import { cpusText, memoryText, type RunUsage } from '../../../model/runUsage.ts';
import { t } from '../l10n.ts';
import { icon } from './controls.ts';

/** What a container uses, in one short line; the limits stand in its tooltip. */
export function usageFact(usage: RunUsage): TemplateResult {
  const { memoryMb, memoryLimitMb, pids } = usage;
  const cpus = cpusText(usage);
  const memory = memoryText(memoryMb);
  const title =
    memoryLimitMb > 0
      ? t('Its container: {0} of {1} of memory, {2} processes', memory, memoryText(memoryLimitMb), pids)
      : t('Its container: {0} of memory, {1} processes', memory, pids);
  return html`<span class="usage-fact" title=${title}>
    ${icon('pulse')}<span>${cpus === null ? memory : t('{0} CPUs · {1}', cpus, memory)}</span>
  </span>`;
}
