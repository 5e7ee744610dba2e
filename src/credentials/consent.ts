import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';

/** What the user has said about what agents may have. */
export interface Consent {
  /** Milliseconds since the epoch; null when the user has not been asked, or has not answered. */
  decidedAt: number | null;
  /** Ids of what agents may have. */
  shared: readonly string[];
  /** Ids of all that the user was asked about. */
  asked: readonly string[];
}

const consentSchema = v.object({
  decidedAt: v.number(),
  shared: v.array(v.string()),
  asked: v.array(v.string()),
});

const nothing: Consent = { decidedAt: null, shared: [], asked: [] };

/**
 * The user's word for one workspace, in a file of the workspace's storage on this machine. Not in the folder, which
 * others can write; and not in the database, because a backup would bring back what was taken back since.
 */
export class ConsentFile {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = path.join(folder, 'credentials.json');
  }

  /** Read each time: another window may have written it. What cannot be read counts as no word at all. */
  async read(): Promise<Consent> {
    try {
      const parsed = v.safeParse(consentSchema, JSON.parse(await readFile(this.#file, 'utf8')));
      return parsed.success ? parsed.output : nothing;
    } catch {
      return nothing;
    }
  }

  async write(consent: Consent): Promise<void> {
    const temporary = `${this.#file}.${randomBytes(4).toString('hex')}`;
    await mkdir(path.dirname(this.#file), { recursive: true });
    try {
      await writeFile(temporary, `${JSON.stringify(consent, null, 2)}\n`, { mode: 0o600 });
      await rename(temporary, this.#file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}
