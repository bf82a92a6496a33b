import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from './config/load-config.ts';
import { assertPortFree, ListenError, resolveListeners } from './listen.ts';

async function listening(options: { port?: number; path?: string }): Promise<Server> {
  const server = createServer();
  const where = options.path === undefined ? { host: '127.0.0.1', reusePort: true } : {};
  await new Promise<void>((resolve) => server.listen({ ...where, ...options }, resolve));
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

describe('ports', () => {
  test('one that another process shares out with reusePort counts as taken', async () => {
    const server = await listening({ port: 0 });
    const port = portOf(server);
    await assert.rejects(assertPortFree('pop3', { host: '127.0.0.1', port }), (error) => {
      assert.ok(error instanceof ListenError);
      assert.equal(
        error.message,
        `pop3 cannot listen on 127.0.0.1:${port}: the address is already in use; choose another with POPLAR_LISTEN_POP3`,
      );
      return true;
    });
    server.close();
  });

  test('0 becomes a number that can be listened on', async () => {
    const port = await assertPortFree('pop3', { host: '127.0.0.1', port: 0 });
    assert.ok(port > 0);
    const server = await listening({ port });
    assert.equal(portOf(server), port);
    server.close();
  });

  test('an address that this host does not have is named', async () => {
    await assert.rejects(
      assertPortFree('ops', { host: '192.0.2.1', port: 0 }),
      /^ListenError: ops cannot listen on 192\.0\.2\.1:0: this host does not have the address$/,
    );
  });

  test('only what the roles of the node listen on is looked at', async () => {
    const config = loadConfig(
      {
        POPLAR_ROLES: 'pop3',
        POPLAR_LISTEN_POP3: '127.0.0.1:0',
        POPLAR_LISTEN_POP3S: '',
        POPLAR_LISTEN_OPS: '127.0.0.1:0',
      },
      { file: null },
    );
    const { listeners } = await resolveListeners(config);
    assert.ok((listeners.pop3?.port ?? 0) > 0);
    assert.equal(listeners.pop3?.tls, 'stls');
    assert.deepEqual([listeners.pop3s, listeners.lmtp, listeners.admin], [null, [], null]);
  });

  test('two listeners of the node on one port are found, whatever they are called', async () => {
    const server = await listening({ port: 0 });
    const port = portOf(server);
    await new Promise((resolve) => server.close(resolve));
    // As if two names led to one address.
    const config = loadConfig({ POPLAR_ROLES: 'pop3', POPLAR_LISTEN_OPS: '' }, { file: null });
    const address = { host: '127.0.0.1', port };
    const listeners = {
      ...config.listeners,
      pop3: { ...address, tls: 'stls' as const },
      pop3s: { ...address, tls: 'implicit' as const },
    };
    await assert.rejects(
      resolveListeners({ ...config, listeners }),
      new RegExp(
        `^ListenError: pop3s cannot listen on 127.0.0.1:${port}: .* in use; choose another with POPLAR_LISTEN_POP3S$`,
      ),
    );
    assert.equal(await assertPortFree('pop3', address), port, 'nothing is held afterwards');
  });

  test('the admin port is taken by the role admin alone', async () => {
    const server = await listening({ port: 0 });
    const free = '127.0.0.1:0';
    const configured = (POPLAR_ROLES: string) =>
      loadConfig(
        {
          POPLAR_ROLES,
          POPLAR_LISTEN_ADMIN: `127.0.0.1:${portOf(server)}`,
          POPLAR_LISTEN_POP3: free,
          POPLAR_LISTEN_POP3S: free,
          POPLAR_LISTEN_LMTP: free,
          POPLAR_LISTEN_OPS: free,
        },
        { file: null },
      );
    const without = await resolveListeners(configured('pop3,maildrop'));
    assert.equal(without.listeners.admin, null);
    await assert.rejects(resolveListeners(configured('admin')), /admin cannot listen on .* in use/);
    server.close();
  });

  test('a socket file that nobody answers is cleared away, one that answers is taken', async () => {
    const directory = mkdtempSync(join(os.tmpdir(), 'poplar-listen-'));
    const path = join(directory, 'lmtp');
    const config = loadConfig(
      { POPLAR_ROLES: 'maildrop', POPLAR_LISTEN_LMTP: `unix:${path}`, POPLAR_LISTEN_OPS: '' },
      { file: null },
    );
    const server = await listening({ path });
    await assert.rejects(resolveListeners(config), /lmtp cannot listen on unix:.*already in use/);
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual((await resolveListeners(config)).listeners.lmtp, [{ path }]);
    rmSync(directory, { recursive: true });
  });
});
