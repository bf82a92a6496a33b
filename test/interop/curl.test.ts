/** curl: every message by its URL, listings, and DELE by a custom request. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  assertDelivered,
  type InteropHost,
  postbag,
  type Ran,
  ran,
  startInteropHost,
} from '../support/interop-host.ts';
import { eventually } from '../support/node-inspection.ts';
import { type TestMailbox, testSecret } from '../support/test-database.ts';

describe('curl', () => {
  let host: InteropHost;
  before(async () => {
    host = await startInteropHost();
  });
  after(() => host.stop());

  for (const transport of ['stls', 'implicit'] as const) {
    function curl(mailbox: TestMailbox, path: string, ...args: string[]): Promise<Ran> {
      const scheme = transport === 'implicit' ? 'pop3s' : 'pop3';
      const configuration = join(host.directory, 'curlrc');
      writeFileSync(configuration, `user = "${mailbox.address}:${testSecret}"\n`, { mode: 0o600 });
      const url = `${scheme}://localhost:${host.port(transport)}/${path}`;
      const trust = ['--ssl-reqd', '--cacert', host.node.caFile];
      return ran('curl', ['-sS', '-q', '-K', configuration, ...trust, ...args, url]);
    }

    test(`reads every message octet by octet (${transport})`, async () => {
      const contents = postbag();
      const mailbox = await host.mailbox(contents);
      const stored = await host.stored(mailbox);
      assertDelivered(stored, contents);
      for (const [index, text] of stored.entries()) {
        const { stdout } = await curl(mailbox, String(index + 1));
        assert.equal(stdout.toString('latin1'), text, `message ${index + 1}`);
      }
      const all = await curl(mailbox, `[1-${stored.length}]`);
      assert.equal(all.stdout.toString('latin1'), stored.join(''), 'all in one session');
      assert.deepEqual(await host.database.flagged(mailbox), []);
    });

    test(`lists, by LIST and by UIDL (${transport})`, async () => {
      const mailbox = await host.mailbox(postbag().slice(0, 3));
      const sizes = (await host.stored(mailbox)).map(
        (text, index) => `${index + 1} ${text.length}`,
      );
      const list = await curl(mailbox, '');
      assert.equal(list.stdout.toString(), sizes.map((line) => `${line}\r\n`).join(''));
      const uidl = await curl(mailbox, '', '-X', 'UIDL');
      assert.match(uidl.stdout.toString(), /^(?:\d [A-Za-z0-9+/]{32}\r\n){3}$/);
      const top = await curl(mailbox, '', '-X', 'TOP 1 0');
      assert.match(top.stdout.toString(), /^Return-Path: .*\r\n\r\n$/s);
    });

    test(`deletes what it is told to, and nothing else (${transport})`, async () => {
      const mailbox = await host.mailbox(postbag().slice(0, 3));
      const ids = await host.database.visible(mailbox);
      // --head: no body follows the reply to a custom request.
      await curl(mailbox, '2', '--head', '-X', 'DELE');
      assert.deepEqual(await host.database.flagged(mailbox), ids.slice(1, 2));
      assert.deepEqual(await host.database.visible(mailbox), [ids[0], ids[2]]);
    });
  }

  test('uses the SASL mechanism that is announced', async () => {
    const mailbox = await host.mailbox(postbag().slice(0, 1));
    const credentials = ['--user', `${mailbox.address}:${testSecret}`];
    const trust = ['--ssl-reqd', '--cacert', host.node.caFile, '--login-options', 'AUTH=PLAIN'];
    const url = `pop3://localhost:${host.node.pop3}/`;
    const { stderr } = await ran('curl', ['-sS', '-q', '-v', ...credentials, ...trust, url]);
    assert.match(stderr, /> AUTH PLAIN/);
  });

  test('does not trust a certificate it was not given', async () => {
    const url = `pop3s://localhost:${host.node.pop3s}/`;
    await assert.rejects(ran('curl', ['-sS', '-q', '--user', 'a:b', url]), /ended with 60/);
  });
});

describe('curl --haproxy-protocol', () => {
  let host: InteropHost;
  before(async () => {
    host = await startInteropHost({
      POPLAR_LISTEN_POP3_PROXY: '127.0.0.1:0',
      POPLAR_LISTEN_POP3S_PROXY: '127.0.0.1:0',
    });
  });
  after(() => host.stop());

  for (const scheme of ['pop3', 'pop3s'] as const) {
    test(`reads a message (${scheme})`, async () => {
      const mailbox = await host.mailbox(postbag().slice(0, 1));
      const port = scheme === 'pop3' ? host.node.pop3Proxy : host.node.pop3sProxy;
      const credentials = ['--user', `${mailbox.address}:${testSecret}`];
      const trust = ['--haproxy-protocol', '--ssl-reqd', '--cacert', host.node.caFile];
      const url = `${scheme}://localhost:${port}/1`;
      const { stdout } = await ran('curl', ['-sS', '-q', ...credentials, ...trust, url]);
      assert.deepEqual([stdout.toString('latin1')], await host.stored(mailbox));
      await eventually(() => {
        const lines = host.node.log().split('\n');
        const session = lines.find((line) => line.includes(mailbox.address)) ?? '';
        assert.match(session, /"proxy":"127\.0\.0\.1"/);
      });
    });
  }
});
