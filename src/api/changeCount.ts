import type { EventBus } from '../events/eventBus.ts';

/** Rises with every event. */
export class ChangeCount {
  count = 0;

  constructor(events: EventBus) {
    events.subscribe('>', () => this.count++);
  }
}
