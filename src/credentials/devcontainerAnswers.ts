import path from 'node:path';
import * as v from 'valibot';
import { AnswerFile } from './answerFile.ts';

/** A folder's files go back and forth with its branches: so many answers are kept, the newest. */
const keptAnswers = 50;

const answersSchema = v.object({
  answers: v.array(v.object({ hash: v.string(), isUsed: v.boolean() })),
});

/** The user's word about the devcontainer.json of a workspace, by the hash of its contents. */
export class DevcontainerAnswers {
  readonly #file: AnswerFile<v.InferOutput<typeof answersSchema>>;

  /** `folder` is the workspace's storage. */
  constructor(folder: string) {
    this.#file = new AnswerFile(path.join(folder, 'devcontainer.json'), answersSchema, { answers: [] });
  }

  /** Whether it is to be used; null when the user has not said so of this content. */
  async of(hash: string): Promise<boolean | null> {
    const { answers } = await this.#file.read();
    return answers.find((known) => known.hash === hash)?.isUsed ?? null;
  }

  async keep(hash: string, isUsed: boolean): Promise<void> {
    const { answers } = await this.#file.read();
    const others = answers.filter((known) => known.hash !== hash);
    await this.#file.write({ answers: [...others, { hash, isUsed }].slice(-keptAnswers) });
  }
}
