/** A port that is taken between its proof and the worker's own bind. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { allocateGuards } from '@poplar/identity';
import {
  loadCertificates,
  loadConfig,
  makeTicketKeys,
  StartError,
  Supervisor,
  silentLog,
} from '@poplar/runtime';
import { workerUrl } from './index.ts';

test('a port that is taken is one line for the operator, without a stack', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const dataDir = mkdtempSync(join(tmpdir(), 'poplar-listener-'));
  const config = loadConfig(
    {
      POPLAR_DATA_DIR: dataDir,
      POPLAR_WORKERS: '1',
      POPLAR_LOG_LEVEL: 'error',
      POPLAR_LISTEN_POP3: '',
      POPLAR_LISTEN_POP3S: `127.0.0.1:${port}`,
    },
    { file: null },
  );
  const supervisor = new Supervisor({
    config,
    databaseUrl: 'postgresql://nobody@127.0.0.1:1/nowhere',
    roles: [{ role: 'pop3', workerUrl, count: 1 }],
    certificates: await loadCertificates(config),
    ticketKeys: makeTicketKeys(),
    ...allocateGuards({ cacheOctets: 0, workers: 1, clusterKey: new Uint8Array(32) }),
    log: silentLog,
    hooks: {
      beforeStart: async () => ({ ownerId: '00000000-0000-4000-8000-000000000000' }),
      afterExit: async () => {},
    },
  });
  await assert.rejects(supervisor.start(), (error) => {
    assert.ok(error instanceof StartError);
    assert.equal(
      error.message,
      `pop3s cannot listen on 127.0.0.1:${port}: the address is already in use; choose another with POPLAR_LISTEN_POP3S`,
    );
    return true;
  });
  taken.close();
  rmSync(dataDir, { recursive: true });
});
