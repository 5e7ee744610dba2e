import type { PropertyDeclarations } from 'lit';
import type { Clock } from '../clock.ts';
import { formatDuration } from '../format.ts';
import { t } from '../l10n.ts';
import { LightElement } from './lightElement.ts';

/** The time since a moment or until one, counting on for as long as it is shown. */
export class ElapsedElement extends LightElement {
  static override properties: PropertyDeclarations = {
    since: { attribute: false },
    until: { attribute: false },
    clock: { attribute: false },
  };

  declare since: number | undefined;
  /** Instead of `since`: the time that is left until a moment. */
  declare until: number | undefined;
  declare clock: Clock;
  #unsubscribe: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unsubscribe = this.clock.subscribe(() => {
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  protected override render(): string {
    const now = this.clock.now();
    if (this.until !== undefined) return t('in {0}', formatDuration(this.until - now));
    return formatDuration(now - (this.since ?? now));
  }
}
