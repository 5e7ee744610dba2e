import type {
  QueryName,
  QueryParams,
  QueryResult,
  WriteName,
  WriteParams,
  WriteResult,
} from './catalogue.ts';

/** The database, as everybody else sees it: named changes in, named questions out, and no SQL. */
export interface Store {
  /** Resolves when the change is on the disk. */
  write<W extends WriteName>(name: W, params: WriteParams<W>): Promise<WriteResult<W>>;
  query<Q extends QueryName>(name: Q, params: QueryParams<Q>): Promise<QueryResult<Q>>;
  /** Resolves when all that was written is on the disk and nothing is open any more. */
  close(): Promise<void>;
}
