import type { VsCodeApi } from '../hostClient.ts';

/** The row at the top of the list, and how far it is scrolled out, in pixels. */
export interface ReadingPlace {
  key: string;
  offset: number;
}

const writeDelay = 250;

/** What VS Code keeps for the page while it is hidden and over a reload: which card it shows, and where it is read. */
export class RunViewKeeper {
  readonly #api: Pick<VsCodeApi, 'getState' | 'setState'>;
  readonly #taskId: string;
  #place: ReadingPlace | null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(api: Pick<VsCodeApi, 'getState' | 'setState'>, taskId: string) {
    this.#api = api;
    this.#taskId = taskId;
    this.#place = readPlace(api.getState());
    this.#write();
  }

  /** Null: at the end, where what is new is followed. */
  get place(): ReadingPlace | null {
    return this.#place;
  }

  savePlace(place: ReadingPlace | null): void {
    if (place?.key === this.#place?.key && place?.offset === this.#place?.offset) return;
    this.#place = place;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#write();
    }, writeDelay);
  }

  #write(): void {
    this.#api.setState({ taskId: this.#taskId, place: this.#place });
  }
}

function readPlace(saved: unknown): ReadingPlace | null {
  if (typeof saved !== 'object' || saved === null || !('place' in saved)) return null;
  const { place } = saved;
  if (typeof place !== 'object' || place === null || !('key' in place) || !('offset' in place)) return null;
  const { key, offset } = place;
  return typeof key === 'string' && typeof offset === 'number' ? { key, offset } : null;
}
