/**
 * Measures what the project promises, beside what a user would use instead, and prints tables.
 *
 * npm run bench -- [name…]
 */
import { buildAll } from './build.mts';
import { beginTestRun } from './testRun.mts';

interface Bench {
  /** What has to be there first: an engine, an editor and an engine, or neither. */
  needs?: 'engine' | 'editor';
  run(): Promise<void>;
}

const benches: Readonly<Record<string, Bench>> = {
  activation: {
    needs: 'editor',
    run: async () => (await import('../bench/activation.ts')).benchActivation(),
  },
  cardStart: { needs: 'engine', run: async () => (await import('../bench/cardStart.ts')).benchCardStart() },
  containers: {
    needs: 'engine',
    run: async () => (await import('../bench/containers.ts')).benchContainers(),
  },
  stdio: { needs: 'engine', run: async () => (await import('../bench/stdio.ts')).benchStdio() },
  runsAtOnce: {
    needs: 'engine',
    run: async () => (await import('../bench/cardStart.ts')).benchRunsAtOnce(),
  },
  flood: { needs: 'editor', run: async () => (await import('../bench/flood.ts')).benchFlood() },
  checkpoint: {
    run: async () => (await import('../bench/checkpoint.ts')).benchCheckpoint(),
  },
  acp: { run: async () => (await import('../bench/acp.ts')).benchAcp() },
  store: { run: async () => (await import('../bench/store/benchStore.ts')).benchStore() },
  gateway: { run: async () => (await import('../bench/gateway.ts')).benchGateway() },
  gatewayLoad: { run: async () => (await import('../bench/gatewayLoad.ts')).benchGatewayLoad() },
  board: { run: async () => (await import('../bench/board.ts')).benchBoard() },
  boardPage: { run: async () => (await import('../bench/boardPage.ts')).benchBoardPage() },
  runPage: { run: async () => (await import('../bench/runPage.ts')).benchRunPage() },
  stress: { run: async () => (await import('../bench/store/stress.ts')).benchStress() },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`);
  process.exit(1);
}
const selected = Object.entries(benches).flatMap(([name, bench]) =>
  wanted.length === 0 || wanted.includes(name) ? bench : [],
);
// Workers, the keeper and pages are measured as they ship.
await buildAll({ production: true });
const testRun = selected.some(({ needs }) => needs !== undefined)
  ? await beginTestRun({ editor: selected.some(({ needs }) => needs === 'editor') })
  : null;
Object.assign(process.env, testRun?.env);
try {
  for (const bench of selected) await bench.run();
} finally {
  await testRun?.end();
}
