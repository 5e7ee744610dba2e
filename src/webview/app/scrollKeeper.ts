import type { ViewKeeper } from './savedView.ts';

/** How long scrolling must pause before its place is noted, in milliseconds. */
const noteDelay = 150;

/** Notes how far each part of the page that has a `data-scroll` name is scrolled, and scrolls it back there. */
export class ScrollKeeper {
  readonly #viewKeeper: ViewKeeper;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(viewKeeper: ViewKeeper) {
    this.#viewKeeper = viewKeeper;
  }

  follow(root: HTMLElement): void {
    // Scroll events do not bubble, but they can be captured.
    const options = { capture: true, passive: true };
    root.addEventListener(
      'scroll',
      () => {
        if (this.#timer !== null) clearTimeout(this.#timer);
        this.#timer = setTimeout(() => {
          this.#note(root);
        }, noteDelay);
      },
      options,
    );
  }

  restore(root: HTMLElement): void {
    const { scroll } = this.#viewKeeper.view;
    for (const [element, key] of this.#parts(root)) {
      element.scrollTop = scroll[`${key}.top`] ?? 0;
      element.scrollLeft = scroll[`${key}.left`] ?? 0;
    }
  }

  #note(root: HTMLElement): void {
    const places = this.#parts(root).flatMap(([{ scrollTop, scrollLeft }, key]) => [
      [`${key}.top`, scrollTop] as const,
      [`${key}.left`, scrollLeft] as const,
    ]);
    const scroll = Object.fromEntries(places.filter(([, pixels]) => pixels > 0));
    this.#viewKeeper.save({ scroll });
  }

  #parts(root: HTMLElement): [HTMLElement, string][] {
    return [...root.querySelectorAll<HTMLElement>('[data-scroll]')].map((element) => [
      element,
      element.dataset.scroll ?? '',
    ]);
  }
}
