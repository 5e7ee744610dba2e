import type { ExecutedStatement } from './sqlDatabase.ts';

/** The tables that statements wrote to. */
export function changedTables(statements: readonly ExecutedStatement[]): string[] {
  const tables = statements.flatMap(([sql]) => tableOf(sql) ?? []);
  return [...new Set(tables)];
}

function tableOf(sql: string): string | null {
  return /^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE(?: OR \w+)?|DELETE FROM)\s+(\w+)/i.exec(sql)?.[1] ?? null;
}
