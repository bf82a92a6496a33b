/**
 * A node with more than one certificate: which of them a client gets for the name it asks for (SNI,
 * RFC 6066 §3), under implicit TLS and STLS, in every worker, before and after SIGHUP; and that
 * sessions from before a SIGHUP still resume.
 */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { eventually } from '../support/node-inspection.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';

const workers = 2;
/** So many connections meet both workers, all but once in 256 times. */
const tries = 8;

type Held = 'default' | 'exact' | 'wildcard';
const namesOf: Readonly<Record<Held, readonly string[]>> = {
  default: ['pop.example.org'],
  exact: ['mail.other.example', 'Pop.Other.Example'],
  wildcard: ['*.wild.example'],
};
const all: readonly Held[] = ['default', 'exact', 'wildcard'];

const asked: readonly (readonly [servername: string | undefined, held: Held])[] = [
  ['mail.other.example', 'exact'],
  ['pop.other.example', 'exact'],
  ['MAIL.Other.EXAMPLE', 'exact'],
  ['a.wild.example', 'wildcard'],
  ['A.WILD.Example', 'wildcard'],
  ['b.a.wild.example', 'default'],
  ['wild.example', 'default'],
  ['other.example', 'default'],
  ['xmail.other.example', 'default'],
  ['nobody.example', 'default'],
  ['pop.example.org', 'default'],
  [undefined, 'default'],
];

let database: TestDatabase;
let directory: string;
let node: RunningNode;
let fingerprints: Map<string, Held>;

const fileOf = (held: Held, kind: 'crt' | 'key'): string => join(directory, `${held}.${kind}`);

/** Puts new certificates where the node looks for them. */
/** Each time they end a day later. */
let writtenTimes = 0;

async function writeCertificates(): Promise<Map<string, Held>> {
  writtenTimes += 1;
  const notAfterDate = new Date(Date.now() + (30 + writtenTimes) * 86_400_000);
  const made = new Map<string, Held>();
  for (const held of all) {
    const { cert, private: key } = await generate([{ name: 'commonName', value: held }], {
      keyType: 'ec',
      algorithm: 'sha256',
      notAfterDate,
      extensions: [
        {
          name: 'subjectAltName',
          altNames: namesOf[held].map((value) => ({ type: 2 as const, value })),
        },
      ],
    });
    writeFileSync(fileOf(held, 'crt'), cert);
    writeFileSync(fileOf(held, 'key'), key);
    made.set(new X509Certificate(cert).fingerprint256, held);
  }
  return made;
}

before(async () => {
  database = await openTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'poplar-names-'));
  fingerprints = await writeCertificates();
  const config = join(directory, 'poplar.toml');
  const pair = (held: Held): string =>
    `certFile = ${JSON.stringify(fileOf(held, 'crt'))}\nkeyFile = ${JSON.stringify(fileOf(held, 'key'))}\n`;
  writeFileSync(
    config,
    `[[tls.certificates]]\n${pair('exact')}[[tls.certificates]]\n${pair('wildcard')}`,
  );
  node = await startNode({
    databaseUrl: database.url,
    workers,
    environment: {
      POPLAR_CONFIG: config,
      POPLAR_TLS_CERT: fileOf('default', 'crt'),
      POPLAR_TLS_KEY: fileOf('default', 'key'),
    },
  });
});
after(async () => {
  await node.stop();
  await database.drop();
  rmSync(directory, { recursive: true, force: true });
});

type Transport = 'implicit TLS' | 'STLS';

async function secured(transport: Transport, options: ConnectionOptions): Promise<RawClient> {
  if (transport === 'implicit TLS') return RawClient.connect({ port: node.pop3s, tls: options });
  const client = await RawClient.connect({ port: node.pop3 });
  await client.says('\r\n');
  client.write('STLS\r\n');
  await client.until(() => client.text.split('\r\n').length === 3);
  assert.equal(await client.startTls(options), true);
  return client;
}

function layerOf(client: RawClient): TLSSocket {
  assert.ok(client.socket instanceof TLSSocket);
  return client.socket;
}

/** Which certificate a client gets that asks for this name; undefined: one that is none of ours. */
async function heldFor(transport: Transport, servername?: string): Promise<Held | undefined> {
  const client = await secured(transport, servername === undefined ? {} : { servername });
  const found = layerOf(client).getPeerX509Certificate()?.fingerprint256 ?? '';
  client.destroy();
  return fingerprints.get(found);
}

async function everyNameIsRight(transport: Transport): Promise<void> {
  for (const [servername, held] of asked) {
    for (let i = 0; i < tries; i += 1) {
      assert.equal(await heldFor(transport, servername), held, `${servername}`);
    }
  }
}

describe('the name that a client asks for', () => {
  for (const transport of ['implicit TLS', 'STLS'] as const) {
    test(`selects the certificate under ${transport}`, () => everyNameIsRight(transport));
  }

  test('is verified by a client that trusts that certificate', async () => {
    const certificate = layerOf(
      await secured('implicit TLS', { servername: 'a.wild.example' }),
    ).getPeerX509Certificate();
    assert.ok(certificate !== undefined);
    const ca = certificate.toString();
    const options = { ca, rejectUnauthorized: true, servername: 'other.wild.example' };
    const client = await secured('STLS', options);
    assert.equal(layerOf(client).authorized, true);
    client.destroy();
  });
});

/** What a scrape says of the certificate that clients without a name are shown. */
async function endIsTold(): Promise<void> {
  const { validToDate } = new X509Certificate(readFileSync(fileOf('default', 'crt')));
  const answer = await fetch(`http://127.0.0.1:${node.ops}/metrics`);
  const [, told] =
    /^poplar_certificate_expiry_timestamp_seconds (\S+)$/m.exec(await answer.text()) ?? [];
  assert.equal(Number(told), validToDate.getTime() / 1_000);
}

test('metrics say when the default certificate ends', endIsTold);

describe('after SIGHUP', () => {
  /** A session to resume, for each version and name. */
  const versions = ['TLSv1.2', 'TLSv1.3'] as const;
  const resumed: { options: ConnectionOptions; session: Buffer }[] = [];

  before(async () => {
    for (const version of versions) {
      for (const servername of ['nobody.example', 'mail.other.example', 'a.wild.example']) {
        const options = { servername, minVersion: version, maxVersion: version };
        const client = await secured('implicit TLS', options);
        // The greeting comes behind the ticket.
        await client.says('\r\n');
        const session = layerOf(client).getSession();
        assert.ok(session !== undefined);
        resumed.push({ options, session });
        client.destroy();
      }
    }
    fingerprints = await writeCertificates();
    node.signal('SIGHUP');
    await eventually(() => assert.match(node.log(), /certificates reloaded/));
    await eventually(async () => {
      for (let i = 0; i < tries; i += 1) assert.equal(await heldFor('implicit TLS'), 'default');
    });
  });

  test('metrics say when the new one ends', endIsTold);

  for (const transport of ['implicit TLS', 'STLS'] as const) {
    test(`the new certificates go by the same names under ${transport}`, () =>
      everyNameIsRight(transport));

    test(`sessions from before are resumed under ${transport}, in every worker`, async () => {
      for (const { options, session } of resumed) {
        for (let i = 0; i < tries; i += 1) {
          const client = await secured(transport, { ...options, session });
          const said = `${options.minVersion} ${options.servername}`;
          assert.equal(layerOf(client).isSessionReused(), true, said);
          client.destroy();
        }
      }
    });
  }
});
