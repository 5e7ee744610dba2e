/** `daily`: the first of a day; `migration`: before a change of the format; `restore`: before a backup was restored. */
export type BackupKind = 'daily' | 'migration' | 'restore';

export interface Backup {
  id: string;
  kind: BackupKind;
  /** When it was made, in milliseconds since the epoch. */
  at: number;
  /** Its size. */
  bytes: number;
  /** How many cards it has. */
  cards: number;
}
