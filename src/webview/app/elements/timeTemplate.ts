import { html, type TemplateResult } from 'lit';
import type { StatusTime } from '../cardFacts.ts';
import type { Clock } from '../clock.ts';
import { formatDuration } from '../format.ts';

/** The time beside a status: how long it took, or one that counts on. */
export function timeTemplate(time: StatusTime, clock: Clock): TemplateResult {
  if ('took' in time) return html`${formatDuration(time.took)}`;
  if ('until' in time) return html`<kandev-elapsed .until=${time.until} .clock=${clock}></kandev-elapsed>`;
  return html`<kandev-elapsed .since=${time.since} .clock=${clock}></kandev-elapsed>`;
}
