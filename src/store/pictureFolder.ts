import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../model/failure.ts';
import { checkPictureSize, pictureTypeOf, type Picture } from '../model/picture.ts';

/** What the pictures of one card may take, in bytes. */
const cardBytes = 200 * 1024 ** 2;

/**
 * The pictures that were given to agents, as files: in the database they would be in memory all the time. Each card has
 * a folder of its own, which goes with it.
 */
export class PictureFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps a picture. @throws UserError `invalid-input` for what is no picture, or too large */
  async add(taskId: string, name: string, content: Uint8Array): Promise<Picture> {
    checkPictureSize(name, content.byteLength);
    const mimeType = pictureTypeOf(content);
    if (mimeType === null) {
      throw new UserError({
        reason: 'invalid-input',
        message: `“${name}” is no picture that agents take: PNG, JPEG, GIF and WebP are.`,
      });
    }
    const id = createHash('sha256').update(content).digest('hex').slice(0, 40);
    const picture: Picture = { id, name, mimeType, bytes: content.byteLength };
    const path = this.#path(taskId, id);
    if (await this.has(taskId, id)) return picture;
    await this.#checkRoom(taskId, content.byteLength);
    await mkdir(this.#folderOf(taskId), { recursive: true, mode: 0o700 });
    await writeFile(`${path}.new`, content, { mode: 0o600 });
    await rename(`${path}.new`, path);
    return picture;
  }

  /** @throws UserError `not-found` when it is not kept any more */
  async read(taskId: string, id: string): Promise<Buffer> {
    try {
      return await readFile(this.#path(taskId, id));
    } catch {
      throw new UserError({ reason: 'not-found', message: 'This picture is not kept any more.' });
    }
  }

  async has(taskId: string, id: string): Promise<boolean> {
    return stat(this.#path(taskId, id)).then(
      () => true,
      () => false,
    );
  }

  /** Forgets the pictures of cards that are gone for good. */
  async removeCards(taskIds: readonly string[]): Promise<void> {
    for (const taskId of taskIds) await rm(this.#folderOf(taskId), { recursive: true, force: true });
  }

  async #checkRoom(taskId: string, bytes: number): Promise<void> {
    const folder = this.#folderOf(taskId);
    let taken = bytes;
    for (const name of await readdir(folder).catch(() => [])) taken += (await stat(join(folder, name))).size;
    if (taken <= cardBytes) return;
    throw new UserError({
      reason: 'invalid-input',
      message: `The pictures of this card would take more than ${cardBytes / 1024 ** 2} MB. Put this one into the folder and mention it with @.`,
    });
  }

  #path(taskId: string, id: string): string {
    if (!/^[0-9a-f]{40}$/.test(id)) throw new Error(`“${id}” is no id of a picture.`);
    return join(this.#folderOf(taskId), id);
  }

  /** Ids of cards may be any text. */
  #folderOf(taskId: string): string {
    return join(this.#folder, createHash('sha256').update(taskId).digest('hex').slice(0, 40));
  }
}
