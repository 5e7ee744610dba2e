import { UserError } from './failure.ts';

/** Those that agents' models take. */
export const pictureTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;
export type PictureType = (typeof pictureTypes)[number];

/** A picture that goes with a message; what is in it is kept beside the database, by its card and this id. */
export interface Picture {
  /** Of its content: the same picture has the same id. */
  id: string;
  /** For people. */
  name: string;
  mimeType: PictureType;
  bytes: number;
}

/** What the providers of models take at most: 5 MB for one. All of a message go to the agent in one line. */
const pictureLimits = { bytes: 5 * 1024 ** 2, perMessage: 8, messageBytes: 20 * 1024 ** 2 } as const;

/** What the first bytes of a file say that it is, whatever its name says; null for what is no picture. */
export function pictureTypeOf(content: Uint8Array): PictureType | null {
  const begins = (at: number, ...bytes: number[]): boolean =>
    bytes.every((byte, index) => content[at + index] === byte);
  if (begins(0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  if (begins(0, 0xff, 0xd8, 0xff)) return 'image/jpeg';
  if (begins(0, 0x47, 0x49, 0x46, 0x38)) return 'image/gif';
  if (begins(0, 0x52, 0x49, 0x46, 0x46) && begins(8, 0x57, 0x45, 0x42, 0x50)) return 'image/webp';
  return null;
}

/** @throws UserError `invalid-input` when they are too many or too large for one message */
export function checkPictures(pictures: readonly Pick<Picture, 'bytes'>[]): void {
  const { perMessage, messageBytes } = pictureLimits;
  if (pictures.length > perMessage) throw tooMany(`A message takes at most ${perMessage} pictures.`);
  const total = pictures.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > messageBytes) {
    throw tooMany(`The pictures of a message may take ${megabytes(messageBytes)} together.`);
  }
}

/** @throws UserError `invalid-input` when it is too large */
export function checkPictureSize(name: string, bytes: number): void {
  if (bytes <= pictureLimits.bytes) return;
  throw new UserError({
    reason: 'invalid-input',
    message: `“${name}” is larger than ${megabytes(pictureLimits.bytes)}. Make it smaller, or mention its file with @.`,
  });
}

/** For people: with one place where that tells something. */
export function sizeText(bytes: number): string {
  return bytes < 1024 ** 2 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : megabytes(bytes);
}

function megabytes(bytes: number): string {
  return `${Number((bytes / 1024 ** 2).toFixed(1))} MB`;
}

function tooMany(message: string): UserError {
  return new UserError({ reason: 'invalid-input', message });
}
