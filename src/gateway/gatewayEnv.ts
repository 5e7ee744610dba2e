import type { Caller } from './tokenDesk.ts';

export interface GatewayEnv {
  Variables: { caller: Caller };
}
