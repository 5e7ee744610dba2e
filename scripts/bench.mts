/**
 * Measures what the project promises, beside what a user would use instead, and prints tables.
 *
 * npm run bench -- [name…]
 */
import { beginTestRun } from './testRun.mts';

const benches: Readonly<Record<string, () => Promise<void>>> = {
  activation: async () => (await import('../bench/activation.ts')).benchActivation(),
  cardStart: async () => (await import('../bench/cardStart.ts')).benchCardStart(),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`);
  process.exit(1);
}
const testRun = await beginTestRun({ editor: wanted.length === 0 || wanted.includes('activation') });
Object.assign(process.env, testRun.env);
try {
  for (const [name, bench] of Object.entries(benches)) {
    if (wanted.length === 0 || wanted.includes(name)) await bench();
  }
} finally {
  await testRun.end();
}
