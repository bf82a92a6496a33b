/**
 * The door of the maildrop role: where its worker thread starts. The node process spawns one.
 */

export const workerUrl = new URL('./worker.ts', import.meta.url);
