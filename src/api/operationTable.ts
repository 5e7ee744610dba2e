import type * as v from 'valibot';

/** For each operation, by the schema of its parameters, what does it. */
export type OperationTable<
  Schemas extends Record<string, v.GenericSchema>,
  Results extends Record<keyof Schemas, unknown>,
> = { [N in keyof Schemas]: (params: v.InferOutput<Schemas[N]>) => Promise<Results[N]> };
