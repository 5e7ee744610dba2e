import type { SetupScript } from './setupScript.ts';
import type * as api from './workspaces.ts';

/**
 * Workspaces that are opened when they are first needed, and set right before anything else is done with them. Where
 * that fails (git is not installed) whoever asks hears of it, and the next one tries again: a board without git can
 * still be looked at.
 */
export class DeferredWorkspaces implements api.Workspaces {
  readonly #open: () => Promise<api.Workspaces>;
  readonly #onInterrupted: (interrupted: api.Interrupted[]) => void;
  #opening: Promise<api.Workspaces> | null = null;

  /** @param onInterrupted hears once of what was cut off while files were being written, where there is any */
  constructor(open: () => Promise<api.Workspaces>, onInterrupted: (interrupted: api.Interrupted[]) => void) {
    this.#open = open;
    this.#onInterrupted = onInterrupted;
  }

  async prepare(request: api.PrepareRequest, signal?: AbortSignal): Promise<api.PreparedWorkspace> {
    return (await this.#opened()).prepare(request, signal);
  }

  async describe(workspaceId: string): Promise<api.WorkspaceInfo | null> {
    return (await this.#opened()).describe(workspaceId);
  }

  async workOf(workspaceId: string, signal?: AbortSignal): Promise<api.WorkState> {
    return (await this.#opened()).workOf(workspaceId, signal);
  }

  async setupDone(runId: string, setup: SetupScript, signal?: AbortSignal): Promise<void> {
    return (await this.#opened()).setupDone(runId, setup, signal);
  }

  async beginTurn(runId: string, signal?: AbortSignal): Promise<string[]> {
    return (await this.#opened()).beginTurn(runId, signal);
  }

  async finish(runId: string, signal?: AbortSignal): Promise<api.TurnChanges> {
    return (await this.#opened()).finish(runId, signal);
  }

  async changes(span: api.Span, signal?: AbortSignal): Promise<api.ChangeSet> {
    return (await this.#opened()).changes(span, signal);
  }

  async fileAt(
    span: api.Span,
    side: 'before' | 'after',
    path: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array | null> {
    return (await this.#opened()).fileAt(span, side, path, signal);
  }

  async rollBack(runId: string, choice?: api.RevertChoice, signal?: AbortSignal): Promise<api.RevertOutcome> {
    return (await this.#opened()).rollBack(runId, choice, signal);
  }

  async discard(workspaceId: string, signal?: AbortSignal): Promise<api.RevertOutcome> {
    return (await this.#opened()).discard(workspaceId, signal);
  }

  async undo(undoId: string, choice?: api.RevertChoice, signal?: AbortSignal): Promise<api.RevertOutcome> {
    return (await this.#opened()).undo(undoId, choice, signal);
  }

  async apply(
    workspaceId: string,
    choice?: api.ApplyChoice,
    signal?: AbortSignal,
  ): Promise<api.ApplyOutcome> {
    return (await this.#opened()).apply(workspaceId, choice, signal);
  }

  async merge(workspaceId: string, message: string, signal?: AbortSignal): Promise<api.MergeOutcome> {
    return (await this.#opened()).merge(workspaceId, message, signal);
  }

  async commit(span: api.Span, message: string, signal?: AbortSignal): Promise<api.CommitOutcome> {
    return (await this.#opened()).commit(span, message, signal);
  }

  async createBranch(
    span: api.Span,
    name: string,
    message: string,
    signal?: AbortSignal,
  ): Promise<api.CommitOutcome> {
    return (await this.#opened()).createBranch(span, name, message, signal);
  }

  async push(
    workspaceId: string,
    options: { branch: string; message: string; credential?: api.Credential },
    signal?: AbortSignal,
  ): Promise<api.CommitOutcome> {
    return (await this.#opened()).push(workspaceId, options, signal);
  }

  async diskUse(signal?: AbortSignal): Promise<api.DiskUse> {
    return (await this.#opened()).diskUse(signal);
  }

  async dispose(workspaceId: string, signal?: AbortSignal): Promise<void> {
    return (await this.#opened()).dispose(workspaceId, signal);
  }

  async clear(inUse: (workspaceId: string) => boolean, signal?: AbortSignal): Promise<string[]> {
    return (await this.#opened()).clear(inUse, signal);
  }

  async prune(keeps: (runId: string) => boolean, signal?: AbortSignal): Promise<void> {
    return (await this.#opened()).prune(keeps, signal);
  }

  async recover(): Promise<api.Interrupted[]> {
    return (await this.#opened()).recover();
  }

  #opened(): Promise<api.Workspaces> {
    this.#opening ??= this.#openAndRecover().catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #openAndRecover(): Promise<api.Workspaces> {
    const workspaces = await this.#open();
    const interrupted = await workspaces.recover();
    if (interrupted.length > 0) this.#onInterrupted(interrupted);
    return workspaces;
  }
}
