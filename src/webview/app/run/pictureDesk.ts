import { failureOf, UserError, type Failure } from '../../../model/failure.ts';
import { checkPictures, checkPictureSize, type Picture } from '../../../model/picture.ts';
import { t } from '../l10n.ts';
import type { RunClient } from './runClient.ts';
import type { RunViewStore } from './runState.ts';

/** What a picture is added to: what is typed, or the waiting message that is being changed. */
export interface PictureTarget {
  pictures(): readonly Picture[];
  put(pictures: readonly Picture[]): void;
}

/** A file that is to become a picture of a message. */
export interface AddedFile {
  name: string;
  /** In bytes. */
  size: number;
  /** Its content in base64. */
  read(): Promise<string>;
}

/** The pictures of messages: takes what is pasted and dropped, and shows what there is. */
export class PictureDesk {
  readonly #store: RunViewStore;
  readonly #client: RunClient;
  readonly #asked = new Set<string>();

  constructor(store: RunViewStore, client: RunClient) {
    this.#store = store;
    this.#client = client;
  }

  /** Keeps files as pictures of a message, one after the other, up to the first that is refused. */
  async add(files: readonly AddedFile[], target: PictureTarget): Promise<void> {
    await this.#adding(async () => {
      const wanted = files.map((file) => ({ bytes: file.size }));
      checkPictures([...target.pictures(), ...wanted]);
      for (const file of files) {
        const name = file.name === '' ? t('Picture') : file.name.slice(-200);
        checkPictureSize(name, file.size);
        const answer = await this.#client.request('addPicture', { name, data: await file.read() });
        if (!answer.ok) throw new UserError(answer.failure);
        this.#put(target, [answer.result]);
      }
    });
  }

  /** Has the user choose files in VS Code. */
  async choose(target: PictureTarget): Promise<void> {
    await this.#adding(async () => {
      const answer = await this.#client.request('choosePictures', {});
      if (!answer.ok) throw new UserError(answer.failure);
      checkPictures([...target.pictures(), ...answer.result]);
      this.#put(target, answer.result);
    });
  }

  remove(id: string, target: PictureTarget): void {
    const left = target.pictures().filter((picture) => picture.id !== id);
    target.put(left);
    this.#store.announce(t('The picture was removed. There are {0} left.', left.length));
  }

  /** The address of a picture within this page; null while it is being read, or where it is gone. */
  urlOf({ id, mimeType }: Picture): string | null {
    const known = this.#store.state.pictures.get(id) ?? null;
    if (known === null && !this.#asked.has(id)) {
      this.#asked.add(id);
      void this.#load(id, mimeType);
    }
    return known;
  }

  async #load(id: string, mimeType: string): Promise<void> {
    const answer = await this.#client.request('picture', { pictureId: id });
    // Its name is shown instead.
    if (!answer.ok) return;
    const bytes = Uint8Array.from(atob(answer.result.data), (letter) => letter.charCodeAt(0));
    const url = URL.createObjectURL(new Blob([bytes], { type: mimeType }));
    this.#store.update({ pictures: new Map([...this.#store.state.pictures, [id, url]]) });
  }

  #put(target: PictureTarget, added: readonly Picture[]): void {
    const before = target.pictures();
    const fresh = added.filter(({ id }) => !before.some((picture) => picture.id === id));
    target.put([...before, ...fresh]);
    for (const { name } of fresh) this.#store.announce(t('{0} was added to the message.', name));
  }

  async #adding(work: () => Promise<void>): Promise<void> {
    const refusal = this.#refusal();
    if (refusal) {
      this.#tell(refusal);
      return;
    }
    const { pending } = this.#store.state;
    if (pending.has('picture')) return;
    this.#store.update({ pending: new Set([...pending, 'picture']), notice: null });
    try {
      await work();
    } catch (error) {
      this.#tell(failureOf(error));
    } finally {
      const left = new Set(this.#store.state.pending);
      left.delete('picture');
      this.#store.update({ pending: left });
    }
  }

  #refusal(): Failure | null {
    const { content } = this.#store.state;
    if (content?.takesPictures !== false) return null;
    const name = content.agentName ?? t('This agent');
    const text = t('{0} does not take pictures. Put it into the folder, and mention its file with @.', name);
    return { reason: 'refused', message: text };
  }

  #tell(notice: Failure): void {
    this.#store.update({ notice });
    this.#store.announce(notice.message);
  }
}
