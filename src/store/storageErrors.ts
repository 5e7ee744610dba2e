import { UserError } from '../model/failure.ts';

/** An error of the database, for the user to read. */
export function storageError(message: string, cause?: unknown): UserError {
  return new UserError({ reason: 'storage', message, action: { kind: 'showLog' } }, { cause });
}

/** An error of the database after which only opening it again helps; the message says so. */
export function reopeningError(message: string, cause?: unknown): UserError {
  return new UserError({ reason: 'storage', message, action: { kind: 'reloadWindow' } }, { cause });
}

/** A change that could not be written, and is not lost. */
export function notSavedError(cause: unknown, path: string): UserError {
  return storageError(
    `The change could not be saved: ${whyNotWritten(cause, path)}. It is kept in memory and saved as soon as that is possible.`,
    cause,
  );
}

/** Another window writes this board now: nothing that this one has not yet saved may be saved any more. */
export class BoardTakenOverError extends UserError {
  constructor() {
    super({
      reason: 'storage',
      message:
        'Another window has opened this board, so this one can no longer change it. Reload the window to see the board again.',
      action: { kind: 'reloadWindow' },
    });
    this.name = 'BoardTakenOverError';
  }
}

/** The files are gone that the next opening would need: what is in memory can be looked at and exported. */
export class FilesDeletedError extends UserError {
  constructor() {
    super({
      reason: 'storage',
      message:
        "The board's files were deleted while it was open, so it can no longer be changed. Export a copy of the database if you need it, and reload the window.",
      action: { kind: 'exportDatabase' },
    });
    this.name = 'FilesDeletedError';
  }
}

/** Ends a sentence: what keeps the system from writing, and where. */
export function whyNotWritten(error: unknown, path: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return `there is no room left on the disk of ${path}`;
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return `Kandev is not allowed to write to ${path}`;
    default:
      return `writing to ${path} failed (${message})`;
  }
}
