/**
 * The door of the REST API: where its worker thread starts, the API itself for whoever injects requests,
 * and the root token.
 */

export { digestOf, readRootToken, rootToken } from './access/tokens.ts';
export { type ApiParts, buildApi } from './api.ts';
export { rootDigestKey } from './role.ts';

export const workerUrl = new URL('./worker.ts', import.meta.url);
