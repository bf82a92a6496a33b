/**
 * The door of the pop3 role: where its worker thread starts. The node process spawns it as often
 * as it has cores to give.
 */

export const workerUrl = new URL('./worker.ts', import.meta.url);
