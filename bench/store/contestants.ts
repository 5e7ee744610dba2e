import { ensureBetterSqlite } from './betterSqlite.ts';
import { NativeBoard } from './nativeBoard.ts';
import type { SampleSize } from './sampleBoard.ts';

/** The same board in each native SQLite there is. */
export interface NativeBoards {
  /** Null where better-sqlite3 could not be installed. */
  better: NativeBoard | null;
  node: NativeBoard;
  close(): Promise<void>;
}

/** What the database is compared with. */
export class Contestants {
  /** Why better-sqlite3 is not among them; null when it is. */
  readonly missing: string | null;

  private constructor(missing: string | null) {
    this.missing = missing;
  }

  static async find(): Promise<Contestants> {
    return new Contestants(await ensureBetterSqlite());
  }

  /** @param place a folder for the files of the databases */
  async open(place: string, size: SampleSize): Promise<NativeBoards> {
    const better = this.missing === null ? await NativeBoard.open('better-sqlite3', place, size) : null;
    const node = await NativeBoard.open('node:sqlite', place, size);
    return {
      better,
      node,
      close: async () => {
        await better?.close();
        await node.close();
      },
    };
  }
}
