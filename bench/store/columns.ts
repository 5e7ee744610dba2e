import { availableParallelism, loadavg } from 'node:os';

/** One line of a table that stands several databases side by side. What is left out is printed as a dash. */
export interface Measured {
  what: string;
  /** As they are printed, with their units. */
  ours?: string;
  betterSqlite?: string;
  nodeSqlite?: string;
  /** What is held to the limit, where that is not what stands in the first column. */
  ratio?: string;
  gate?: Gate;
}

export interface Gate {
  met: boolean;
  /** What is wanted: ≤ 5 ms. */
  limit: string;
}

/** Holds a value to a limit. */
export function atMost(value: number, limit: number, unit = ''): Gate {
  return { met: value <= limit, limit: `≤ ${limit}${unit}` };
}

export function atLeast(value: number, limit: number, unit = ''): Gate {
  return { met: value >= limit, limit: `≥ ${limit}${unit}` };
}

/** Prints lines in columns, the first of them to the left, and how many of the gates are met. */
export function printColumns(
  title: string,
  lines: readonly (readonly string[])[],
  gates: readonly Gate[],
): void {
  const width = (column: number): number => Math.max(...lines.map((cells) => cells[column]?.length ?? 0));
  console.log(`\n${title}`);
  for (const [what = '', ...values] of lines) {
    const cells = [what.padEnd(width(0)), ...values.map((value, index) => value.padStart(width(index + 1)))];
    console.log(`  ${cells.join('  ')}`.trimEnd());
  }
  if (gates.length === 0) return;
  const met = gates.filter((gate) => gate.met).length;
  const load = (loadavg()[0] ?? 0).toFixed(1);
  console.log(
    `  ${met} of ${gates.length} gates are met (load ${load} on ${availableParallelism()} processors).`,
  );
}

/** What is wanted, and whether it is so. */
export function verdictOf(gate: Gate | undefined): [limit: string, verdict: string] {
  return gate === undefined ? ['', ''] : [gate.limit, gate.met ? 'pass' : 'FAIL'];
}

export function printSideBySide(title: string, rows: readonly Measured[]): void {
  const header = ['', 'Kandev', 'better-sqlite3', 'node:sqlite', 'ratio', 'wanted'];
  const dash = '–';
  const lines = rows.map(
    ({ what, ours = dash, betterSqlite = dash, nodeSqlite = dash, ratio = '', gate }) => [
      what,
      ours,
      betterSqlite,
      nodeSqlite,
      ratio,
      ...verdictOf(gate),
    ],
  );
  printColumns(
    title,
    [header, ...lines],
    rows.flatMap(({ gate }) => gate ?? []),
  );
}
