/** dockerode's type of a response leaves out that it can be ended early. */
type Destroyable = NodeJS.ReadableStream & { destroy(error: Error): void };

/**
 * The lines of a response that the engine streams. Leaving the loop ends the request.
 *
 * @param silenceLimitMs how long nothing may come before the stream fails with `silence()`
 */
export async function* streamLines(
  stream: NodeJS.ReadableStream,
  silenceLimitMs: number,
  silence: () => Error,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const timer = setTimeout(() => {
    (stream as Destroyable).destroy(silence());
  }, silenceLimitMs);
  let rest = '';
  try {
    for await (const chunk of stream) {
      timer.refresh();
      const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter((line) => line.trim() !== '');
    }
    if (rest.trim() !== '') yield rest;
  } finally {
    clearTimeout(timer);
  }
}
