/**
 * The thread that computes the hashes of crypt(3): one job after the other, each answered by its number.
 *
 * Never: imported; keeps a secret after its job.
 */

import { getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { cryptDigest } from './crypt-digest.ts';
import type { FromCryptWorker, ToCryptWorker } from './crypt-job.ts';

/** As the threads of the pool, which compute the other hashes. */
const niceness = 10;

try {
  // On Linux this is about the calling thread alone: it gives way to those that serve.
  if (process.platform === 'linux') setPriority(Math.min(19, getPriority() + niceness));
} catch {
  // Not allowed: it goes on as it began.
}

parentPort?.on('message', ({ id, job }: ToCryptWorker) => {
  const answer: FromCryptWorker = { id, digest: cryptDigest(job) };
  parentPort?.postMessage(answer);
});
