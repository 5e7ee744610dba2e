/**
 * A process of its own with a board and its gateway, in the place of an extension host: for figures that shall not have
 * the programs that ask in them. It says where it is in its first line; each line on its stdin is a word, and each
 * answer a line.
 */
import { createInterface } from 'node:readline';
import { startGateway } from './gateway.ts';
import { Measurement } from './measurement.ts';

const gateway = await startGateway({ requestsPerMinute: 1e9 });
const { services } = gateway;
services.settings.maxConcurrentRuns = 10;
let measurement = new Measurement();

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Ten cards, each in a folder of its own: in one, an agent would work after the other. */
async function beginCards(): Promise<string[]> {
  const description = ['```kandev-script', 'stream 250 chunks every 20ms', '```'].join('\n');
  const taskIds: string[] = [];
  for (let n = 0; n < 10; n++) {
    const { id } = await services.kandev.execute('task.create', {
      title: `Works ${n}`,
      description,
      agentTypeId: 'demo',
      workspaceMode: 'copy',
    });
    taskIds.push(id);
  }
  for (const taskId of taskIds) await services.kandev.execute('task.start', { taskId });
  return taskIds;
}

async function endCards(taskIds: readonly string[]): Promise<null> {
  for (const taskId of taskIds) await services.kandev.execute('task.move', { taskId, to: 'COMPLETED' });
  return null;
}

let taskIds: string[] = [];
const answers: Record<string, () => unknown> = {
  cards: async () => (taskIds = await beginCards()),
  'cards-end': () => endCards(taskIds),
  begin: () => {
    measurement = new Measurement();
    return null;
  },
  end: () => {
    // What the harness keeps for tests is no part of it.
    services.events.length = 0;
    services.log.lines.length = 0;
    return { ...measurement.end(), rssMb: process.memoryUsage.rss() / 1024 / 1024 };
  },
  problems: () => gateway.problems,
};

say({ url: gateway.url, token: gateway.token });
for await (const word of createInterface({ input: process.stdin })) {
  if (word === 'close') break;
  say(await answers[word]?.());
}
await gateway.close();
process.exit(0);
