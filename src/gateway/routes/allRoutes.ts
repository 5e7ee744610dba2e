import type { Route } from '../route.ts';
import { taskRoutes } from './taskRoutes.ts';

/** Every address of the API below `/api/v1`. */
export const allRoutes: readonly Route[] = [...taskRoutes];
