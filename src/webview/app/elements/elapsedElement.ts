import type { PropertyDeclarations } from 'lit';
import type { Clock } from '../clock.ts';
import { formatDuration } from '../format.ts';
import { LightElement } from './lightElement.ts';

/** The time since a moment, counting on for as long as it is shown. */
export class ElapsedElement extends LightElement {
  static override properties: PropertyDeclarations = {
    since: { attribute: false },
    clock: { attribute: false },
  };

  declare since: number;
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
    return formatDuration(this.clock.now() - this.since);
  }
}
