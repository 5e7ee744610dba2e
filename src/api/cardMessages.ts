import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import { promptTakes } from '../orchestrator/promptTakes.ts';
import type { PictureFolder } from '../store/pictureFolder.ts';
import type { Store } from '../store/store.ts';
import type { CommandParams, CommandResults, QueryParams, QueryResults } from './contract.ts';
import type { messageCommandSchemas, messageQuerySchemas } from './messageContract.ts';

type CommandName = keyof typeof messageCommandSchemas;
type QueryName = keyof typeof messageQuerySchemas;
type Commands = { [C in CommandName]: (params: CommandParams<C>) => Promise<CommandResults[C]> };
type Queries = { [Q in QueryName]: (params: QueryParams<Q>) => Promise<QueryResults[Q]> };

export interface CardMessagesServices {
  store: Store;
  orchestrator: Orchestrator;
  pictures: PictureFolder;
}

/** What people tell the agents of cards, with the pictures that go with it. */
export class CardMessages {
  readonly #services: CardMessagesServices;
  readonly #actor: () => string;

  constructor(services: CardMessagesServices, actor: () => string) {
    this.#services = services;
    this.#actor = actor;
  }

  commands(): Commands {
    const { orchestrator, pictures } = this.#services;
    const { outbox, messages } = orchestrator;
    return {
      'task.prompt': ({ taskId, text }) => orchestrator.prompt(taskId, { text, pictures: [] }, this.#actor()),
      'prompt.send': (message) => messages.send(message, this.#actor()),
      'prompt.update': ({ promptId, text, pictures: chosen }) =>
        messages.update(promptId, (old) => ({ text, pictures: chosen ?? old.pictures })),
      'prompt.place': ({ promptId, beforePromptId }) => outbox.place(promptId, beforePromptId),
      'prompt.remove': ({ promptId }) => outbox.remove(promptId),
      'prompt.sendNow': async ({ promptId }) => {
        await messages.sendNow(promptId);
        return null;
      },
      'picture.add': ({ taskId, name, data }) => pictures.add(taskId, name, Buffer.from(data, 'base64')),
    };
  }

  queries(): Queries {
    const { orchestrator, pictures, store } = this.#services;
    return {
      prompts: ({ taskId }) => orchestrator.outbox.list(taskId),
      'prompt.takes': async ({ taskId }) => orchestrator.session(taskId)?.takes ?? promptTakes(store, taskId),
      picture: async ({ taskId, pictureId }) => {
        const content = await pictures.read(taskId, pictureId);
        return { data: content.toString('base64') };
      },
    };
  }
}
