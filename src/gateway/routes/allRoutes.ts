import type { Route } from '../route.ts';
import { boardRoutes } from './boardRoutes.ts';
import { columnRoutes } from './columnRoutes.ts';
import { machineRoutes } from './machineRoutes.ts';
import { messageRoutes } from './messageRoutes.ts';
import { insightRoutes } from './insightRoutes.ts';
import { orchestratorRoutes } from './orchestratorRoutes.ts';
import { resultRoutes } from './resultRoutes.ts';
import { reviewRoutes } from './reviewRoutes.ts';
import { ruleRoutes } from './ruleRoutes.ts';
import { runRoutes } from './runRoutes.ts';
import { taskRoutes } from './taskRoutes.ts';

/** Every address of the API below `/api/v1`. */
export const allRoutes: readonly Route[] = [
  ...boardRoutes,
  ...columnRoutes,
  ...taskRoutes,
  ...runRoutes,
  ...orchestratorRoutes,
  ...resultRoutes,
  ...messageRoutes,
  ...insightRoutes,
  ...reviewRoutes,
  ...ruleRoutes,
  ...machineRoutes,
];
