/**
 * The thread that computes the hashes of crypt(3): one job after the other, each answered by its number.
 *
 * Never: imported; keeps a secret after its job.
 */

import { parentPort } from 'node:worker_threads';
import { cryptDigest } from './crypt-digest.ts';
import type { FromCryptWorker, ToCryptWorker } from './crypt-job.ts';

parentPort?.on('message', ({ id, job }: ToCryptWorker) => {
  const answer: FromCryptWorker = { id, digest: cryptDigest(job) };
  parentPort?.postMessage(answer);
});
