/**
 * The REST API put together, without a listener: requests can be injected. Order matters here and nowhere
 * else: what refuses is there before the first route.
 *
 * Never: a route that does not go through the guard; a header or a body in a log; a cookie.
 */

import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { ThrottleView } from '@poplar/identity';
import type { Config, Log } from '@poplar/runtime';
import type { Store } from '@poplar/store';
import Fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import { actorOf } from './access/caller.ts';
import { guard } from './access/guard.ts';
import { watchBodies } from './body-pace.ts';
import { type ClusterView, viewCluster } from './cluster-view.ts';
import type { ConsoleFile } from './console/console-files.ts';
import { serveConsole } from './console/serve-console.ts';
import { KnownMethods } from './known-methods.ts';
import {
  bodyOctetsMax,
  countedAddressesMax,
  placeRetrySeconds,
  requestsPerMinuteMax,
} from './limits.ts';
import { apiPath, clientOf } from './names.ts';
import { describeApi } from './openapi.ts';
import { Passwords } from './passwords.ts';
import { Busy, failureCodeOf, Problem, problemBody, problemOf } from './problem.ts';
import { inWordsOf } from './problem-detail.ts';
import { instanceOf, nameAnswer, nameRequests, requestIdIn, routeOf } from './request-id.ts';
import { doubtOutcome, takeRequestKeys } from './request-keys/request-keys.ts';
import { allRoutes } from './routes/index.ts';
import { metricsRoutes } from './routes/overview.ts';
import { validatorCompiler } from './validation.ts';
import type { Resolve } from './webhooks/resolver.ts';
import { type UrlRules, urlRules } from './webhooks/webhook-url.ts';

export interface ApiParts {
  readonly store: Store;
  readonly config: Config;
  /** SHA-256 of the root token. */
  readonly rootDigest: Uint8Array;
  readonly rootActor?: string;
  readonly version: string;
  readonly log: Log;
  /** What failed logins delay on this node; a command that builds an API for itself has no node. */
  readonly throttles?: ThrottleView;
  /** Hears of each answer, for metrics. */
  readonly answered?: (status: number) => void;
  readonly serverFactory?: FastifyServerFactory;
  /** How names of webhooks are looked up, if not as the system does. */
  readonly resolve?: Resolve;
  /** The console, where there is one: a command that builds an API for itself has none. */
  readonly console?: readonly ConsoleFile[];
}

/** What each file of routes is given. */
export interface RouteParts {
  readonly store: Store;
  readonly config: Config;
  readonly passwords: Passwords;
  readonly cluster: ClusterView;
  readonly throttles: ThrottleView | null;
  readonly webhookRules: UrlRules;
}

export type Routes = FastifyPluginAsync<RouteParts, FastifyInstance['server'], TypeBoxTypeProvider>;

export async function buildApi(parts: ApiParts): Promise<FastifyInstance> {
  const { store, config, log, serverFactory } = parts;
  const app = Fastify({
    logger: false,
    bodyLimit: bodyOctetsMax,
    // By the same guard and the same function; what would begin work looks at the method.
    exposeHeadRoutes: true,
    forceCloseConnections: true,
    return503OnClosing: true,
    // What has no route at all, because its path cannot be read.
    frameworkErrors: (_error, request, reply) => {
      answer(
        request,
        reply,
        new Problem(400, 'the path cannot be read', { code: 'unreadable-path' }),
      );
    },
    genReqId: requestIdIn,
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 1_000 },
    ...(serverFactory === undefined ? {} : { serverFactory }),
  });
  takeJsonAlone(app);
  watchBodies(app);
  app.setValidatorCompiler(validatorCompiler);
  nameRequests(app, log);
  answerProblems(app, log);
  if (parts.answered !== undefined) {
    const { answered } = parts;
    app.addHook('onResponse', async (_request, reply) => answered(reply.statusCode));
  }
  app.addHook('onRequest', async ({ url }, reply) => {
    // Mail, names and secrets are nothing for a cache; files of the console and the documentation are.
    if (url.startsWith(`${apiPath}/`)) void reply.header('cache-control', 'no-store');
  });
  // Nothing here is a page but the documentation, which brings all it needs, and the console, which has a rule of its own.
  const contentSecurityPolicy = { directives: { upgradeInsecureRequests: null } };
  await app.register(helmet, { hsts: false, contentSecurityPolicy });
  await app.register(rateLimit, {
    max: requestsPerMinuteMax,
    timeWindow: 60_000,
    cache: countedAddressesMax,
    keyGenerator: clientOf,
  });
  guard(app, parts);
  takeRequestKeys(app, parts);
  await describeApi(app, parts.version);
  const passwords = new Passwords(config.auth);
  const { throttles = null } = parts;
  const cluster = viewCluster(store.cluster);
  const webhookRules = urlRules(config, parts.resolve);
  const given: RouteParts = { store, config, passwords, cluster, throttles, webhookRules };
  for (const routes of allRoutes) await app.register(routes, { ...given, prefix: apiPath });
  await app.register(metricsRoutes, given);
  if (parts.console !== undefined) serveConsole(app, parts.console);
  return app;
}

/** A body that is empty is none, also where a client names its type. */
function takeJsonAlone(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body.toString(), done);
  });
}

function answer(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  nameAnswer(request, reply);
  void reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemBody(problem, instanceOf(request)));
}

function answerProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    doubtOutcome(request, error);
    if (problem.status >= 500) {
      const named = {
        ...{ code: failureCodeOf(error), route: routeOf(request), requestId: request.id },
        ...{ actor: actorOf(request) },
      };
      log.error({ event: 'failure', during: 'admin', ...named }, 'a request failed', error);
    }
    if (problem.status === 401) {
      // What else such a client has to send is not waited for.
      void reply.header('www-authenticate', 'Bearer').header('connection', 'close');
    }
    if (problem instanceof Busy) void reply.header('retry-after', String(placeRetrySeconds));
    answer(request, reply, inWordsOf(request, problem));
  });
  const known = new KnownMethods(app);
  app.setNotFoundHandler(async (request, reply) => {
    const allowed = known.allowed(request.url);
    if (allowed === null) {
      throw new Problem(404, 'there is no such path', { code: 'path-not-found' });
    }
    void reply.header('allow', allowed);
    throw new Problem(405, `this path has other methods: ${allowed}`);
  });
}
