/**
 * Serves the console at /console/: a page, its scripts and its styles, each a route of its own. They are public
 * and the same for everybody: what the page shows it asks the API for, with the operator's token.
 *
 * Never: anything but these files; a script, a style or a request of the page that is not of this origin.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { consolePath } from '../names.ts';
import type { ConsoleFile } from './console-files.ts';

/** What the page may do: load what is here, ask the API here, and nothing else, nor be framed. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const route = { config: { access: 'public' }, schema: { hide: true } } as const;

/** To be called behind the guard. */
export function serveConsole(app: FastifyInstance, files: readonly ConsoleFile[]): void {
  app.get('/', route, async (_request, reply) => reply.redirect(`${consolePath}/`));
  app.get(consolePath, route, async (_request, reply) => reply.redirect(`${consolePath}/`));
  for (const file of files) {
    const path = file.name === 'index.html' ? '' : file.name;
    app.get(`${consolePath}/${path}`, route, async (request, reply) => send(file, request, reply));
  }
}

function send(file: ConsoleFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.headers({
    'content-security-policy': contentSecurityPolicy,
    // Asked for again each time, and sent again only where it has changed: no page outlives its node's release.
    'cache-control': 'no-cache',
    etag: file.etag,
    vary: 'accept-encoding',
  });
  if (isKnown(request.headers['if-none-match'], file.etag)) return reply.code(304).send();
  void reply.type(file.contentType);
  if (!takesGzip(request.headers['accept-encoding'])) return reply.send(file.plain);
  return reply.header('content-encoding', 'gzip').send(file.gzipped);
}

function isKnown(header: string | undefined, etag: string): boolean {
  const known = header?.split(',').map((one) => one.trim().replace(/^W\//, '')) ?? [];
  return known.includes(etag) || known.includes('*');
}

/** One that refuses gzip by `q=0` is rare and gets what it can read. */
function takesGzip(header: string | undefined): boolean {
  const codings = header?.split(',').map((one) => one.trim().toLowerCase()) ?? [];
  return codings.some((one) => /^gzip(?:;|$)/.test(one) && !/;\s*q=0(?:\.0*)?$/.test(one));
}
