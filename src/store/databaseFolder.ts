import { join } from 'node:path';

/** The files of a board's database; only this module knows their names. */
export class DatabaseFolder {
  readonly path: string;
  readonly backups: string;
  /** Where files go that could not be read. */
  readonly aside: string;

  constructor(path: string) {
    this.path = path;
    this.backups = join(path, 'backups');
    this.aside = join(path, 'aside');
  }

  snapshot(seq: number): string {
    return join(this.path, `snapshot-${seq}.db`);
  }

  journal(generation: number): string {
    return join(this.path, `journal-${generation}.log`);
  }

  backup(id: string): string {
    return join(this.backups, `${id}.db`);
  }
}

/** The `seq`s of the snapshots among the names of a folder, the newest first. */
export function snapshotsIn(names: readonly string[]): number[] {
  return numbersIn(names, /^snapshot-(\d+)\.db$/).reverse();
}

/** The generations of the journals among the names of a folder, the oldest first. */
export function journalsIn(names: readonly string[]): number[] {
  return numbersIn(names, /^journal-(\d+)\.log$/);
}

const databaseFileName = /^((?:snapshot|daily|migration|restore)-\d+)\.(db|json)(\.tmp)?$/;

/**
 * The names of what a crash has left of snapshots and backups that were never finished: files that were not renamed yet,
 * and facts without a database.
 */
export function unfinishedIn(names: readonly string[]): string[] {
  return names.filter((name) => {
    const [, id, type, aside] = databaseFileName.exec(name) ?? [];
    if (id === undefined) return false;
    return aside !== undefined || (type === 'json' && !names.includes(`${id}.db`));
  });
}

function numbersIn(names: readonly string[], pattern: RegExp): number[] {
  return names
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
