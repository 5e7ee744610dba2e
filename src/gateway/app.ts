import { Hono, type Context } from 'hono';
import { cors } from 'hono/cors';
import { requireScope, type Guard } from './guard.ts';
import { openApiDocument } from './openApi.ts';
import { answerMcp } from './mcp/mcpServer.ts';
import { problemFrom, problemResponse, Refusal } from './problem.ts';
import { parseBody, readBody } from './readRequest.ts';
import type { Route } from './route.ts';
import { allRoutes } from './routes/allRoutes.ts';
import { apiRoot, refuseMethod, serveRoute, type RouteServices } from './serveRoute.ts';
import type { GatewayEnv } from './gatewayEnv.ts';

const mcpMaxBody = 2 * 1024 * 1024;

/** All that can be asked for over HTTP. Nothing is answered before the caller is known. */
export function gatewayApp(guard: Guard, services: RouteServices): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.onError((error) => {
    // What nobody foresaw is told of in the log, where only the user reads it.
    if (problemFrom(error).problem.status === 500) services.onProblem(error.stack ?? error.message);
    return problemResponse(error);
  });
  app.notFound(() =>
    problemResponse(new Refusal(404, 'no-such-address', 'There is nothing at this address.')),
  );
  app.use('*', async (context, next) => {
    guard.checkPlace({ host: context.req.header('host'), origin: context.req.header('origin') });
    await next();
  });
  app.use('*', crossOrigin(guard));
  app.use('*', async (context, next) => {
    context.set('caller', await guard.caller(context.req.header('authorization')));
    await next();
  });
  for (const route of allRoutes) addRoute(app, route, services);
  let description: string | null = null;
  app.get(`${apiRoot}/openapi.json`, (context) => {
    requireScope(context.get('caller'), 'read');
    description ??= JSON.stringify(openApiDocument());
    return context.body(description, 200, { 'content-type': 'application/json' });
  });
  app.post('/mcp', async (context) => {
    const caller = context.get('caller');
    const message = parseBody(await readBody(context, mcpMaxBody), context.req.header('content-type'));
    const { kandevFor, onProblem } = services;
    return answerMcp(context.req.raw, message, { kandev: kandevFor(caller), caller, onProblem });
  });
  app.all('/mcp', () => refuseMethod(['POST']));
  addRefusals(app);
  return app;
}

function crossOrigin(guard: Guard) {
  return cors({
    origin: (origin) => (guard.allowsOrigin(origin) ? origin : null),
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match'],
    exposeHeaders: ['ETag', 'Location', 'Retry-After'],
    maxAge: 600,
  });
}

function addRoute(app: Hono<GatewayEnv>, route: Route, services: RouteServices): void {
  const handle = (context: Context<GatewayEnv>): Promise<Response> => serveRoute(context, route, services);
  app.on(route.method.toUpperCase(), honoPath(route), handle);
}

/** For a known address with another method. */
function addRefusals(app: Hono<GatewayEnv>): void {
  const methods = new Map<string, string[]>();
  for (const route of allRoutes) {
    methods.set(honoPath(route), [...(methods.get(honoPath(route)) ?? []), route.method.toUpperCase()]);
  }
  for (const [path, allowed] of methods) app.all(path, () => refuseMethod(allowed));
}

function honoPath({ path }: Route): string {
  return `${apiRoot}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
}
