/**
 * The second door: throw-away servers and databases for tests. Not for production code.
 */

export { type DatabaseProxy, databaseProxy } from './database-proxy.ts';
export { type TemporaryDatabase, temporaryDatabase } from './temporary-database.ts';
export { startServer, type TemporaryServer, temporaryServer } from './temporary-server.ts';
