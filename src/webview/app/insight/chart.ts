import type { Scale } from './scale.ts';

/** One kind of what the bars of a chart are made of. `fill` is a class with a colour and a pattern. */
export interface Series {
  key: string;
  name: string;
  fill: string;
}

export interface Bar {
  series: string;
  from: number;
  to: number;
}

/** A week of a chart. */
export interface Column {
  /** Below it, where there is room. */
  label: string;
  name: string;
  bars: readonly Bar[];
  /** A value that is marked across the bar; null: none. */
  mark: number | null;
  /** What it shows, in words. */
  text: string;
}

/** A chart as it is drawn, and as a table for who reads it. */
export interface Chart {
  title: string;
  /** The whole of it, in words. */
  summary: string;
  series: readonly Series[];
  columns: readonly Column[];
  scale: Scale;
  format: (value: number) => string;
  table: { head: readonly string[]; rows: readonly (readonly string[])[] };
}

/** Bars upon each other, without those of nothing. */
export function stacked(parts: readonly { series: string; value: number }[]): Bar[] {
  let top = 0;
  return parts.flatMap(({ series, value }) => {
    if (value <= 0) return [];
    const bar = { series, from: top, to: top + value };
    top = bar.to;
    return [bar];
  });
}

/** The highest value of some columns; 0 where nothing is. */
export function highest(columns: readonly Pick<Column, 'bars'>[]): number {
  return columns.reduce((most, { bars }) => bars.reduce((top, { to }) => Math.max(top, to), most), 0);
}
