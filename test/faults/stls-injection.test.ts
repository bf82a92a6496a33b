/**
 * The STARTTLS injection family (CVE-2011-0411, CVE-2021-38084, CVE-2022-28220 and their kin): no
 * octet that came before TLS is interpreted after it, whatever its place, form and moment
 * (RFC 2595 §4).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked } from '../support/accidents.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

let database: TestDatabase;
let node: RunningNode;
let alice: TestMailbox;

before(async () => {
  database = await openTestDatabase();
  alice = await database.addMailbox('alice@example.org', maildropNamed('two-messages'));
  node = await startNode({ databaseUrl: database.url });
});
after(async () => {
  await node.stop();
  await database.drop();
});

const login = `USER alice@example.org\r\nPASS ${testSecret}\r\n`;
const greeting = /^\+OK [^\r\n]*\r\n/;

const injections = (): Promise<number> => metric(node, 'poplar_stls_injections_total');
/** Connections that ended in a handshake: octets that come when TLS owns the socket are its to refuse. */
const failedHandshakes = (): Promise<number> =>
  metric(node, 'poplar_connections_closed_total', { reason: 'tls-failed' });
const logins = (): Promise<number> => metric(node, 'poplar_logins_total');

async function greeted(): Promise<RawClient> {
  const client = await RawClient.connect({ port: node.pop3 });
  await client.until(() => greeting.test(client.text));
  return client;
}

/** What was said behind the greeting. */
function answers(client: RawClient): string {
  return client.text.replace(greeting, '');
}

/** Nobody logged in, nothing is locked, nothing is gone. */
async function untouched(loginsBefore: number): Promise<void> {
  assert.equal(await logins(), loginsBefore, 'no secret from before TLS was tried');
  assert.equal(await isLocked(database, alice), false);
  assert.equal((await database.visible(alice)).length, 2);
}

describe('octets in the same segment as STLS', () => {
  const payloads = [
    ['a login', `STLS\r\n${login}`],
    ['a login and deletions', `STLS\r\n${login}DELE 1\r\nDELE 2\r\nQUIT\r\n`],
    ['half a command', 'STLS\r\nQUI'],
    ['one octet', 'STLS\r\nX'],
    ['an empty line', 'STLS\r\n\r\n'],
    ['lower case', `stls\r\n${login}`],
    ['a second STLS', 'STLS\r\nSTLS\r\n'],
    ['STLS on the second line', `CAPA\r\nSTLS\r\n${login}`],
    ['STLS behind an empty line', `\r\nSTLS\r\n${login}`],
  ] as const;
  for (const [name, payload] of payloads) {
    test(`${name}: refused, closed, counted`, async () => {
      const [countBefore, loginsBefore] = [await injections(), await logins()];
      const client = await greeted();
      client.write(payload);
      await client.closed();
      const said = answers(client);
      assert.doesNotMatch(said, /Begin TLS/i, 'TLS is not begun');
      assert.match(said, /-ERR [^\r\n]*\r\n$/, 'the last word is a refusal');
      assert.equal(said.match(/^\+OK/gm)?.length ?? 0, payload.startsWith('CAPA') ? 1 : 0);
      await eventually(async () => assert.equal(await injections(), countBefore + 1));
      await untouched(loginsBefore);
    });
  }
});

describe('octets behind STLS, before the ClientHello', () => {
  for (const delayMs of [0, 1, 5, 20, 50]) {
    test(`a login ${delayMs} ms later never runs, and TLS does not come up`, async () => {
      const countBefore = (await injections()) + (await failedHandshakes());
      const loginsBefore = await logins();
      const client = await greeted();
      client.write('STLS\r\n');
      await sleep(delayMs);
      client.write(`${login}DELE 1\r\nQUIT\r\n`);
      await client.closed();
      // In time for the segment of STLS: -ERR. Otherwise its +OK, and not a word that is no TLS.
      const lines = answers(client).split('\r\n');
      assert.match(lines[0] ?? '', /^(?:\+OK|-ERR) /);
      assert.doesNotMatch(lines.slice(1).join('\r\n'), /\+OK|-ERR/);
      await eventually(async () => {
        assert.equal((await injections()) + (await failedHandshakes()), countBefore + 1);
      });
      await untouched(loginsBefore);
    });
  }

  for (const injected of ['QUI', 'NOOP\r\n', login]) {
    test(`${JSON.stringify(injected.slice(0, 8))} before a real handshake`, async () => {
      const loginsBefore = await logins();
      const client = await greeted();
      client.write('STLS\r\n');
      await client.until(() => answers(client).includes('\r\n'));
      client.write(injected);
      assert.equal(await client.startTls(), false, 'the handshake fails');
      client.destroy();
      await untouched(loginsBefore);
    });
  }

  test('together with STLS in one segment, and then a real handshake', async () => {
    const loginsBefore = await logins();
    const client = await greeted();
    client.write(`STLS\r\n${login}`);
    assert.equal(await client.startTls(), false, 'the handshake fails');
    client.destroy();
    await untouched(loginsBefore);
  });
});

describe('STLS by itself', () => {
  test('in four segments it works, and a command begins anew under TLS', async () => {
    const client = await greeted();
    for (const part of ['S', 'TL', 'S\r', '\n']) {
      client.write(part);
      await sleep(15);
    }
    await client.until(() => /\+OK [^\r\n]*\r\n$/.test(answers(client)));
    const before = client.text.length;
    assert.equal(await client.startTls(), true);
    // What would complete a QUIT that began before TLS is no command.
    client.write('T\r\n');
    await client.until(() => client.text.length > before);
    assert.match(client.text.slice(before), /^-ERR /);
    client.destroy();
  });

  for (const text of ['stls\r\n', 'StLs\r\n', 'STLS \r\n', 'STLS\n', '\r\nSTLS\r\n']) {
    test(`${JSON.stringify(text)} is answered once: TLS then comes up, or it does not`, async () => {
      const client = await greeted();
      client.write(text);
      await client.until(() => answers(client).endsWith('\r\n'));
      await sleep(30);
      const last = answers(client).split('\r\n').at(-2) ?? '';
      // One parser decides: who was told +OK gets TLS, who was told -ERR goes on in the clear.
      if (last.startsWith('+OK')) assert.equal(await client.startTls(), true);
      else {
        const before = client.text.length;
        client.write('QUIT\r\n');
        await client.until(() => client.text.length > before);
        assert.match(client.text.slice(before), /^\+OK /);
      }
      client.destroy();
    });
  }

  for (const line of ['STLS foo', 'STLS x', 'STLSX', 'STLS STLS']) {
    test(`${line}: -ERR and no TLS`, async () => {
      const client = await greeted();
      client.write(`${line}\r\n`);
      await client.until(() => answers(client).includes('\r\n'));
      assert.match(answers(client), /^-ERR [^\r\n]*\r\n$/);
      client.write('NOOP\r\n');
      await client.until(() => answers(client).split('\r\n').length === 3);
      assert.match(answers(client), /^-ERR [^\r\n]*\r\n-ERR [^\r\n]*\r\n$/, 'still in the clear');
      client.destroy();
    });
  }

  test('a name from before TLS is forgotten; STLS is gone from CAPA and refused', async () => {
    const client = await Pop3Client.connect({ port: node.pop3 });
    assert.ok((await client.listing('CAPA')).includes('STLS'));
    await client.ok('USER alice@example.org');
    await client.stls(node.ca);
    const early = await client.command(`PASS ${testSecret}`);
    assert.equal(early.ok, false, 'PASS without a USER under TLS');
    assert.equal(await isLocked(database, alice), false);
    assert.ok(!(await client.listing('CAPA')).includes('STLS'));
    assert.equal((await client.command('STLS')).ok, false);
    await client.login('alice@example.org', testSecret);
    assert.match((await client.ok('STAT')).text, /^2 320\b/);
    assert.equal((await client.command('STLS')).ok, false, 'not after login either');
    await client.quit();
    await eventually(async () => assert.equal(await isLocked(database, alice), false));
    assert.equal((await database.visible(alice)).length, 2);
  });
});
