import { UserError } from '../model/failure.ts';
import { checkPictures } from '../model/picture.ts';
import type { Message } from '../model/prompt.ts';
import type { OrchestratorDependencies } from './orchestratorDependencies.ts';
import { checkMentions } from './mentionedFiles.ts';

/**
 * Refuses what the agent of a card could not be told of, before the message waits or is sent.
 * @throws UserError `invalid-input`, `not-found` for a picture that is not kept any more
 */
export async function checkMessage(
  { store, pictures, settings }: Pick<OrchestratorDependencies, 'store' | 'pictures' | 'settings'>,
  taskId: string,
  message: Message,
): Promise<void> {
  if (message.text === '' && message.pictures.length === 0) {
    throw new UserError({ reason: 'invalid-input', message: 'A message needs some text.' });
  }
  checkPictures(message.pictures);
  for (const { id, name } of message.pictures) {
    if (await pictures.has(taskId, id)) continue;
    throw new UserError({ reason: 'not-found', message: `“${name}” is not kept any more. Add it again.` });
  }
  const [card] = await store.query('cards', { taskIds: [taskId] });
  const place = card?.run?.workspace;
  const folder = settings.folder();
  if (place && folder !== null) await checkMentions(message.text, place, folder);
}
