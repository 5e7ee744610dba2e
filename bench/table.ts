export interface Row {
  what: string;
  /** As it is printed, with its unit. */
  value: string;
  /** What it is held to, or ''. */
  gate?: string;
}

export function printTable(title: string, rows: readonly Row[]): void {
  const widths = [
    Math.max(...rows.map(({ what }) => what.length)),
    Math.max(...rows.map(({ value }) => value.length)),
  ] as const;
  console.log(`\n${title}`);
  for (const { what, value, gate = '' } of rows) {
    console.log(`  ${what.padEnd(widths[0])}  ${value.padStart(widths[1])}  ${gate}`.trimEnd());
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function milliseconds(value: number): string {
  return `${value.toFixed(0)} ms`;
}
