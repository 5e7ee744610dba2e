import path from 'node:path';
import * as v from 'valibot';
import { AnswerFile } from './answerFile.ts';

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

export class ConsentFile extends AnswerFile<Consent> {
  /** `folder` is the workspace's storage. */
  constructor(folder: string) {
    super(path.join(folder, 'credentials.json'), consentSchema, { decidedAt: null, shared: [], asked: [] });
  }
}
