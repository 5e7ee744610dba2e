import type { AgentType } from '../model/agentType.ts';
import { withResources } from '../model/resources.ts';
import type { Message } from '../model/prompt.ts';
import type { Run } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import type { RunLink } from '../store/runLinks.ts';
import type { LiveRuns } from './liveRuns.ts';
import type { OrchestratorDependencies } from './orchestratorDependencies.ts';
import { agentTypeOf, mustChooseFirst, mustSayFirst, noFolder, nothingToGoOnWith } from './refusals.ts';
import { RunController } from './runController.ts';
import type { RunListener } from './runInterfaces.ts';
import { newRun } from './runRecord.ts';
import { runSettingsOf } from './runSettings.ts';

/** Makes runs: what an agent is given comes from the settings as they are at that moment. */
export class Launcher {
  readonly #deps: OrchestratorDependencies;
  readonly #live: LiveRuns;
  readonly #listener: RunListener;

  constructor(deps: OrchestratorDependencies, live: LiveRuns, listener: RunListener) {
    this.#deps = deps;
    this.#live = live;
    this.#listener = listener;
  }

  /** Gives a queued card to its agent. @throws UserError when there is none that it can be given to */
  async launch(task: Task): Promise<void> {
    const { tasks, settings, agentTypes } = this.#deps;
    const folder = settings.folder();
    if (folder === null) return;
    const agentType = agentTypeOf(task, agentTypes());
    await this.#live.replaceIdle(task.id);
    const controller = await this.#newRun(task, agentType, folder);
    await tasks.changeState(task.id, {
      to: 'IN_PROGRESS',
      actor: 'kandev',
      why: `Given to ${agentType.name}`,
      retry: { made: task.retry?.made ?? 0, of: settings.runRules().retries, at: null },
    });
    void controller.start(task);
  }

  /**
   * Has a new run go on where the last one of this card has left off. `begin` is called between the two: the card
   * follows its run.
   */
  async resume(task: Task, message: Message, begin: () => Promise<void>): Promise<Run> {
    const { store, settings, agentTypes, credentials, devcontainers } = this.#deps;
    const [card] = await store.query('cards', { taskIds: [task.id] });
    const previous = card?.run;
    if (!previous || previous.turns === 0) throw nothingToGoOnWith(task);
    const folder = settings.folder();
    if (folder === null) throw noFolder();
    const agentType = agentTypeOf(task, agentTypes());
    if (await devcontainers.mustAsk(agentType, task)) throw mustChooseFirst(task);
    if (await credentials.mustAsk(agentType)) throw mustSayFirst(task);
    const controller = await this.#newRun(task, agentType, folder);
    await begin();
    // Another agent than before knows nothing of that conversation's id.
    const sessionId = previous.agentTypeId === controller.run.agentTypeId ? previous.sessionId : null;
    void controller.resume(task, { ...previous, sessionId }, message);
    return controller.run;
  }

  /**
   * Goes on with a run whose agent another process has left at work. Whether it can: the agent's type may be gone, or
   * another folder be open.
   */
  async takeOver(run: Run, task: Task, link: RunLink): Promise<boolean> {
    const { settings, agentTypes } = this.#deps;
    const folder = settings.folder();
    const found = agentTypes().find(({ id }) => id === run.agentTypeId);
    if (folder === null || found === undefined) return false;
    const agentType = { ...found, resources: withResources(found.resources, task.resources) };
    const runSettings = await runSettingsOf(task, agentType, folder, this.#deps);
    const controller = new RunController(run, agentType, runSettings, this.#listener, this.#deps);
    this.#live.add(controller, task, agentType);
    void controller.takeOver(link);
    return true;
  }

  async #newRun(task: Task, agentType: AgentType, folder: string): Promise<RunController> {
    const run = newRun(task, agentType);
    const settings = await runSettingsOf(task, agentType, folder, this.#deps);
    const controller = new RunController(run, agentType, settings, this.#listener, this.#deps);
    this.#live.add(controller, task, agentType);
    await this.#deps.store.write('run.insert', { run });
    return controller;
  }
}
