import { randomUUID } from 'node:crypto';
import { ProgressLocation, window } from 'vscode';
import { failureOf } from '../model/failure.ts';
import type { CommandContext } from './commandContext.ts';

/** Does something that may take a while, with a notification that can call it off; undefined when it was. */
export async function underway<T>(
  { kandev }: Pick<CommandContext, 'kandev'>,
  title: string,
  work: (operation: string) => Promise<T>,
): Promise<T | undefined> {
  const operation = randomUUID();
  const options = { location: ProgressLocation.Notification, title, cancellable: true };
  return window.withProgress(options, async (_, cancellation) => {
    const calling = cancellation.onCancellationRequested(
      () => void kandev.execute('result.cancel', { operation }).catch(() => undefined),
    );
    try {
      return await work(operation);
    } catch (error) {
      if (failureOf(error).reason === 'cancelled') return undefined;
      throw error;
    } finally {
      calling.dispose();
    }
  });
}
