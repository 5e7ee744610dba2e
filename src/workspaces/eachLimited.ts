/** Does something with each item, with no more than `limit` of them under way at once; rejects as the first that does. */
export async function eachLimited<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: Math.min(limit, items.length) }, async () => {
    // One iterator for all: each takes what the others have not taken yet.
    for (const item of queue) await work(item);
  });
  await Promise.all(workers);
}
