/**
 * The door of the REST API: where its worker thread starts, the API itself for whoever injects requests,
 * and the root token. The API is loaded by who builds one: neither a node's main thread nor a command that goes
 * to a node holds it.
 */

import type { FastifyInstance } from 'fastify';
import type { ApiParts } from './api.ts';

export { digestOf, readRootToken, rootDigestKey, rootToken } from './access/tokens.ts';
export { localSocket } from './names.ts';

export const workerUrl = new URL('./worker.ts', import.meta.url);

export async function buildApi(parts: ApiParts): Promise<FastifyInstance> {
  const api = await import('./api.ts');
  return api.buildApi(parts);
}
