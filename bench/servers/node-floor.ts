/**
 * The peer `node-floor`: no POP3 server but the least that Node.js itself costs for the same dialogue. What is
 * between it and Poplar is ours and PostgreSQL's; what is below it cannot be had without leaving Node.js.
 *
 * Never: a figure that is called another server's.
 */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Corpus } from '../corpus.ts';
import { startChild } from './child.ts';
import { type BenchServer, freePorts } from './server.ts';

const sessionsMax = 24_000;
const threads = 2;

export async function startNodeFloor(options: {
  readonly certFile: string;
  readonly keyFile: string;
}): Promise<BenchServer> {
  const directory = mkdtempSync(join(tmpdir(), 'poplar-floor-'));
  copyFileSync(options.certFile, join(directory, 'cert.pem'));
  copyFileSync(options.keyFile, join(directory, 'key.pem'));
  const corpora: Corpus[] = [];
  const [pop3 = 0, pop3s = 0] = await freePorts(2);
  const program = join(import.meta.dirname, 'node-floor-server.ts');
  const argv = [directory, pop3, pop3s, threads].map(String);
  const child = await startChild([process.execPath, program, ...argv], {
    port: pop3s,
    whatItSaid: () => 'it says nothing',
  });
  return {
    name: 'node-floor',
    description: `node:net and node:tls of Node ${process.version}, ${threads} threads, answers from memory`,
    nodes: [{ pop3, pop3s, lmtp: 0 }],
    sessionsMax,
    secret: 'measured',
    parts: () => ({ node: [child.pid] }),
    fill: async (corpus) => {
      corpora.push(corpus);
      writeFileSync(join(directory, 'corpora.json'), JSON.stringify(corpora));
    },
    settle: async () => {},
    collect: async () => {},
    lastWords: () => '',
    stop: async () => {
      await child.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
