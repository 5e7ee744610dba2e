import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';

/**
 * The user's word for one workspace, in a file of the workspace's storage on this machine. Not in the folder, which
 * others can write; and not in the database, because a backup would bring back what was taken back since.
 */
export class AnswerFile<Answer> {
  readonly #file: string;
  readonly #schema: v.GenericSchema<unknown, Answer>;
  readonly #nothing: Answer;

  /** `nothing` is what there is before the user has said anything. */
  constructor(file: string, schema: v.GenericSchema<unknown, Answer>, nothing: Answer) {
    this.#file = file;
    this.#schema = schema;
    this.#nothing = nothing;
  }

  /** Read each time: another window may have written it. What cannot be read counts as no word at all. */
  async read(): Promise<Answer> {
    try {
      const parsed = v.safeParse(this.#schema, JSON.parse(await readFile(this.#file, 'utf8')));
      return parsed.success ? parsed.output : this.#nothing;
    } catch {
      return this.#nothing;
    }
  }

  async write(answer: Answer): Promise<void> {
    const temporary = `${this.#file}.${randomBytes(4).toString('hex')}`;
    await mkdir(path.dirname(this.#file), { recursive: true });
    try {
      await writeFile(temporary, `${JSON.stringify(answer, null, 2)}\n`, { mode: 0o600 });
      await rename(temporary, this.#file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}
