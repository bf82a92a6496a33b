/**
 * The door of the REST API: where its worker thread starts, the API itself for whoever injects requests,
 * the formats of mail that it takes, and the root token. The API is loaded by who builds one: neither a node's main thread nor a command that goes
 * to a node holds it.
 */

import type { FastifyInstance } from 'fastify';
import type { ApiParts } from './api.ts';

export { scopes } from './access/scopes.ts';
export { digestOf, readRootToken, rootDigestKey, rootToken } from './access/tokens.ts';
export { localSocket } from './names.ts';
export { beginsFromLine } from './transfer/from-line.ts';
export { uidListOctetsMax } from './transfer/limits.ts';
export { isError, MailStreamError, type SkipReason } from './transfer/mail-entry.ts';
export { uidlRecord } from './transfer/maildir-entries.ts';
export { isStray, mboxEntry } from './transfer/mbox-entries.ts';
export { MboxSplitter } from './transfer/mbox-splitter.ts';
export { storedUidlOf } from './transfer/stored-uidl.ts';
export { tarEnd, tarFile } from './transfer/tar-writer.ts';
export { type KnownMessage, UidList, uniqueName } from './transfer/uidlist.ts';

export const workerUrl = new URL('./worker.ts', import.meta.url);

export async function buildApi(parts: ApiParts): Promise<FastifyInstance> {
  const api = await import('./api.ts');
  return api.buildApi(parts);
}
