import * as v from 'valibot';
import { parseHostRule } from '../model/networkAccess.ts';
import { leastCpus, leastMemoryMb, leastPids } from '../model/resources.ts';

/** An entry of a list of hosts. */
export const hostEntrySchema = v.pipe(
  v.string('Each must be a text.'),
  v.check(
    (entry) => parseHostRule(entry) !== null,
    ({ input }) =>
      `"${input}" is not a host, such as api.example.com, *.example.com or git.example.com:8443.`,
  ),
);

/** What a container may use, as the settings and the cards say it. A list of hosts is what may be reached. */
export const resourceFields = {
  cpus: v.optional(
    v.pipe(v.number('It must be a number.'), v.minValue(leastCpus, `It must be at least ${leastCpus}.`)),
  ),
  memoryMb: v.optional(
    v.pipe(
      v.number('It must be a number.'),
      v.integer('It must be a whole number of megabytes.'),
      v.minValue(leastMemoryMb, `It must be at least ${leastMemoryMb}.`),
    ),
  ),
  pids: v.optional(
    v.pipe(
      v.number('It must be a number.'),
      v.integer('It must be a whole number.'),
      v.minValue(leastPids, `It must be at least ${leastPids}.`),
    ),
  ),
  network: v.optional(
    v.union(
      [v.picklist(['bridge', 'none']), v.array(hostEntrySchema)],
      'It must be "bridge", "none" or a list of hosts.',
    ),
  ),
};
