/**
 * OAUTHBEARER and XOAUTH2 over the network with tokens of a real provider: signed and opaque, in one step
 * and in two, refused with their challenge, and with the provider away.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addMarkedMailbox, assertOpened, assertRefused, leave } from '../support/login-witness.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type Exchanged, exchange } from '../support/sasl-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { audience, TokenProvider } from '../support/token-provider.ts';

const ann = 'ann@example.org';
const configuration = 'https://login.example.org/.well-known/openid-configuration';

let database: TestDatabase;
let provider: TokenProvider;
/** Believes signatures. */
let signed: RunningNode;
/** Asks the provider. */
let asking: RunningNode;
/** Would ask for keys where nobody is. */
let lost: RunningNode;
let directory: string;

before(async () => {
  database = await openTestDatabase();
  for (const name of ['ann', 'bob', 'box', 'sue', 'ann*bob']) {
    await addMarkedMailbox(database, `${name}@example.org`);
  }
  const { directory: names } = database.store;
  await names.addGrant({ address: 'box@example.org', grantee: ann, actor: 'test' });
  await names.addLoginName({ address: ann, name: 'annie@example.org', actor: 'test' });
  await names.setMailboxStatus({ address: 'sue@example.org', status: 'suspended' });
  provider = await TokenProvider.start();
  directory = mkdtempSync(join(tmpdir(), 'poplar-oauth-'));
  const clientSecretFile = join(directory, 'secret');
  writeFileSync(clientSecretFile, 'client secret\n', { mode: 0o600 });
  const start = (environment: Record<string, string>) =>
    startNode({
      databaseUrl: database.url,
      workers: 1,
      environment: {
        POPLAR_LISTEN_LMTP: '',
        POPLAR_AUTH_DEFAULT_DOMAIN: 'example.org',
        POPLAR_OAUTH_ISSUER: provider.issuer,
        POPLAR_OAUTH_AUDIENCES: audience,
        POPLAR_OAUTH_SCOPE: 'mail',
        POPLAR_OAUTH_OPENID_CONFIGURATION: configuration,
        ...environment,
      },
    });
  [signed, asking, lost] = await Promise.all([
    start({ POPLAR_OAUTH_KEYS_URL: provider.keysUrl }),
    start({
      POPLAR_OAUTH_INTROSPECTION_URL: provider.introspectionUrl,
      POPLAR_OAUTH_CLIENT_ID: 'poplar',
      POPLAR_OAUTH_CLIENT_SECRET_FILE: clientSecretFile,
    }),
    start({ POPLAR_OAUTH_KEYS_URL: 'http://127.0.0.1:1/jwks' }),
  ]);
});
after(async () => {
  await Promise.all([signed.stop(), asking.stop(), lost.stop()]);
  await provider.stop();
  await database.drop();
  rmSync(directory, { recursive: true });
});

type Mechanism = 'OAUTHBEARER' | 'XOAUTH2';
const mechanisms: readonly Mechanism[] = ['OAUTHBEARER', 'XOAUTH2'];

function message(mechanism: Mechanism, user: string, token: string): string {
  const auth = `auth=Bearer ${token}\x01\x01`;
  if (mechanism === 'XOAUTH2') return `user=${user}\x01${auth}`;
  return `n,${user === '' ? '' : `a=${user}`},\x01host=localhost\x01port=995\x01${auth}`;
}

interface Bearer {
  readonly mechanism: Mechanism;
  readonly user?: string;
  readonly token: string;
  readonly steps?: 1 | 2;
}

function connect(node: RunningNode): Promise<Pop3Client> {
  return Pop3Client.connect({ port: node.pop3s, ca: node.ca });
}

/** A refusal's explanation is answered as each mechanism has it (RFC 7628 §3.2.3). */
function bear(client: Pop3Client, bearer: Bearer): Promise<Exchanged> {
  const { mechanism, user = '', token, steps = 1 } = bearer;
  const said = message(mechanism, user, token);
  const dummy = mechanism === 'XOAUTH2' ? '' : '\x01';
  if (steps === 1) return exchange(client, { mechanism, initial: said, answers: [dummy] });
  return exchange(client, { mechanism, answers: [said, dummy] });
}

async function opens(node: RunningNode, bearer: Bearer, address: string): Promise<void> {
  const client = await connect(node);
  const { reply } = await bear(client, bearer);
  assert.ok(reply.ok, `${bearer.mechanism}: ${reply.text}`);
  await assertOpened(database, client, address);
  await leave(database, client);
}

async function refuses(node: RunningNode, bearer: Bearer, code = 'AUTH'): Promise<Exchanged> {
  const client = await connect(node);
  const exchanged = await bear(client, bearer);
  await assertRefused(database, exchanged.reply, code).finally(() => client.destroy());
  return exchanged;
}

for (const mechanism of mechanisms) {
  describe(mechanism, () => {
    for (const steps of [1, 2] as const) {
      test(`opens with a signed token in ${steps} steps`, async () => {
        const token = await provider.token(ann);
        await opens(signed, { mechanism, user: ann, token, steps }, ann);
        await opens(signed, { mechanism, user: 'ANN', token, steps }, ann);
        await opens(signed, { mechanism, user: 'annie@example.org', token, steps }, ann);
        await opens(signed, { mechanism, token, steps }, ann);
      });

      test(`opens with an opaque token in ${steps} steps`, async () => {
        provider.introspects({ email: ann });
        const token = `opaque-${mechanism}-${steps}`;
        await opens(asking, { mechanism, user: ann, token, steps }, ann);
        const basic = Buffer.from('poplar:client+secret').toString('base64');
        assert.equal(provider.authorizations.at(-1), `Basic ${basic}`);
        const asked = provider.authorizations.length;
        await opens(asking, { mechanism, user: ann, token, steps }, ann);
        assert.equal(provider.authorizations.length, asked, 'a poll is no request');
      });
    }

    test('opens another maildrop with a grant, and none without', async () => {
      const token = await provider.token(ann);
      await opens(signed, { mechanism, user: 'box@example.org', token }, 'box@example.org');
      await refuses(signed, { mechanism, user: 'bob@example.org', token });
      await refuses(signed, { mechanism, user: 'nobody@example.org', token });
      const other = await provider.token('bob@example.org');
      await refuses(signed, { mechanism, user: 'box@example.org', token: other });
    });

    test('explains a refused token before it refuses', async () => {
      const token = await provider.token(ann, { scope: 'calendar' });
      const { challenges } = await refuses(signed, { mechanism, user: ann, token });
      assert.deepEqual(JSON.parse(String(challenges[0])), {
        status: 'invalid_token',
        scope: 'mail',
        'openid-configuration': configuration,
      });
      const steps = await refuses(signed, { mechanism, user: ann, token, steps: 2 });
      assert.equal(steps.challenges.length, 2);
      assert.deepEqual(steps.challenges[1], challenges[0]);
      const client = await connect(signed);
      await bear(client, { mechanism, user: ann, token });
      const good = await provider.token(ann);
      assert.ok((await bear(client, { mechanism, user: ann, token: good })).reply.ok);
      await leave(database, client);
    });

    test('refuses a token that is not for us, not now, or nobody’s', async () => {
      const past = Math.floor(Date.now() / 1_000) - 120;
      const wrong = [
        await provider.token(ann, { aud: 'web' }),
        await provider.token(ann, { iss: 'https://other.example' }),
        await provider.token(ann, { exp: past }),
        await provider.token(ann, { email_verified: false }),
        await provider.token(ann, { email: [ann] }),
        await provider.token('nobody@example.org'),
        await provider.token('ann@example.net'),
        `${await provider.token(ann)}x`,
        'opaque',
      ];
      for (const token of wrong) {
        await refuses(signed, { mechanism, user: ann, token });
        await refuses(signed, { mechanism, token });
      }
      provider.introspects(null);
      await refuses(asking, { mechanism, user: ann, token: `ended-${mechanism}` });
      provider.introspects({ email: ann, aud: 'web' });
      await refuses(asking, { mechanism, user: ann, token: `web-${mechanism}` });
    });

    test('takes what a token vouches for as one name, never as a form with two', async () => {
      // With a provider whose users choose their names, each of these could be somebody's choice.
      const chosen = ['mallory*ann', 'example.org\\ann', 'ann@example.org/x', 'x*ann@example.org'];
      for (const name of chosen) {
        const token = await provider.token(name);
        for (const user of ['', ann, 'box@example.org', 'mallory', 'x@example.org']) {
          await refuses(signed, { mechanism, user, token });
        }
      }
      await refuses(signed, { mechanism, token: await provider.token('box*ann') });
      await refuses(signed, { mechanism, token: await provider.token('ann@example.org/box') });
    });

    test('tells a suspended mailbox, and an outage, for what they are', async () => {
      const sue = await provider.token('sue@example.org');
      await refuses(signed, { mechanism, token: sue }, 'SYS/PERM');
      const token = await provider.token(ann);
      const { challenges } = await refuses(lost, { mechanism, user: ann, token }, 'SYS/TEMP');
      assert.equal(challenges.length, 0, 'another token would not help');
      await eventually(() => assert.match(lost.log(), /"reason":"provider-unavailable"/));
      assert.ok(!lost.log().includes(token));
    });

    test('is not offered in the clear to the network, nor where there is no provider', async () => {
      const client = await connect(signed);
      assert.match(
        (await client.listing('CAPA')).join('\n'),
        new RegExp(`^SASL .*${mechanism}`, 'm'),
      );
      client.destroy();
    });
  });
}

test('a provider that goes away is an outage for opaque tokens, until it answers again', async () => {
  const away = await TokenProvider.start();
  const clientSecretFile = join(directory, 'secret');
  const node = await startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: {
      POPLAR_LISTEN_LMTP: '',
      POPLAR_OAUTH_ISSUER: away.issuer,
      POPLAR_OAUTH_AUDIENCES: audience,
      POPLAR_OAUTH_INTROSPECTION_URL: away.introspectionUrl,
      POPLAR_OAUTH_CLIENT_ID: 'poplar',
      POPLAR_OAUTH_CLIENT_SECRET_FILE: clientSecretFile,
    },
  });
  away.introspects({ email: ann });
  await opens(node, { mechanism: 'XOAUTH2', user: ann, token: 'before' }, ann);
  await away.stop();
  await refuses(node, { mechanism: 'XOAUTH2', user: ann, token: 'after' }, 'SYS/TEMP');
  await opens(node, { mechanism: 'XOAUTH2', user: ann, token: 'before' }, ann);
  await node.stop();
});
