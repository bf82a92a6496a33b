/**
 * Real clients with every mechanism that each of them was built with, under TLS: they fetch all
 * messages, and the node's log says that it was by this mechanism.
 */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Home } from '../support/fetcher.ts';
import { assertSame, ran, type Transport, withLineFeeds } from '../support/interop-host.ts';
import { type Account, apopSecret, MechanismHost } from '../support/mechanism-host.ts';
import { testSecret } from '../support/test-database.ts';

let mechanisms: MechanismHost;
before(async () => {
  mechanisms = await MechanismHost.start();
});
after(() => mechanisms.stop());

const transports = ['stls', 'implicit'] as const;

function portOf(transport: Transport): number {
  return mechanisms.host.port(transport);
}

/** A secret that no argument may show, as a file of the client's own. */
function writeSecretly(home: Home, name: string, text: string): string {
  const file = join(home.path, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

describe('curl', () => {
  // Where OAUTHBEARER is announced, curl takes it also when it is told to take XOAUTH2.
  /** By what curl calls it; what the node calls it; what its configuration says besides. */
  const cases: readonly (readonly [string, string, (account: Account) => readonly string[]])[] = [
    ['AUTH=PLAIN', 'PLAIN', password],
    ['AUTH=LOGIN', 'LOGIN', password],
    ['AUTH=+APOP', 'APOP', ({ mailbox }) => [`user = "${mailbox.address}:${apopSecret}"`]],
    ['AUTH=OAUTHBEARER', 'OAUTHBEARER', bearer],
    [
      'AUTH=EXTERNAL',
      'EXTERNAL',
      ({ mailbox, certificate }) => [
        `user = "${mailbox.address}:"`,
        `cert = "${certificate.certFile}"`,
        `key = "${certificate.keyFile}"`,
      ],
    ],
  ];

  function password({ mailbox }: Account): string[] {
    return [`user = "${mailbox.address}:${testSecret}"`];
  }

  function bearer({ mailbox, token }: Account): string[] {
    return [`user = "${mailbox.address}:"`, `oauth2-bearer = "${token}"`];
  }

  for (const [options, mechanism, configure] of cases) {
    for (const transport of transports) {
      test(`${options} (${transport})`, async () => {
        const account = await mechanisms.account();
        const home = new Home(mechanisms.host);
        const trust = [`cacert = "${mechanisms.host.node.caFile}"`, 'ssl-reqd'];
        const lines = [...configure(account), ...trust, `login-options = "${options}"`, ''];
        const file = writeSecretly(home, 'curlrc', lines.join('\n'));
        const scheme = transport === 'implicit' ? 'pop3s' : 'pop3';
        const url = `${scheme}://localhost:${portOf(transport)}/[1-${account.stored.length}]`;
        const { stdout } = await ran('curl', ['-sS', '-q', '-K', file, url]);
        assert.equal(stdout.toString('latin1'), account.stored.join(''));
        await mechanisms.assertLoggedInBy(account, mechanism);
      });
    }
  }
});

describe('mpop', () => {
  const password = (): string => `password ${testSecret}`;
  const evaluated = ({ tokenFile }: Account): string => `passwordeval cat ${tokenFile}`;
  const cases: readonly (readonly [string, string, (account: Account) => string])[] = [
    ['user', 'USER', password],
    ['plain', 'PLAIN', password],
    ['login', 'LOGIN', password],
    ['scram-sha-1', 'SCRAM-SHA-1', password],
    ['scram-sha-256', 'SCRAM-SHA-256', password],
    ['apop', 'APOP', () => `password ${apopSecret}`],
    ['oauthbearer', 'OAUTHBEARER', evaluated],
    ['xoauth2', 'XOAUTH2', evaluated],
    [
      'external',
      'EXTERNAL',
      ({ certificate: { certFile, keyFile } }) =>
        `tls_cert_file ${certFile}\ntls_key_file ${keyFile}`,
    ],
  ];

  for (const [method, mechanism, configure] of cases) {
    for (const transport of transports) {
      test(`auth ${method} (${transport})`, async () => {
        const account = await mechanisms.account();
        const home = new Home(mechanisms.host);
        const file = writeSecretly(
          home,
          'mpoprc',
          `account poplar
host localhost
port ${portOf(transport)}
auth ${method}
user ${account.mailbox.address}
${configure(account)}
tls on
tls_starttls ${transport === 'stls' ? 'on' : 'off'}
tls_trust_file ${mechanisms.host.node.caFile}
keep on
uidls_file ${join(home.path, 'uidls')}
received_header off
delivery mda ${home.deliverCommand}
`,
        );
        await ran('mpop', [`--file=${file}`, 'poplar'], { environment: { HOME: home.path } });
        assertSame(home.messages(), withLineFeeds(account.stored));
        await mechanisms.assertLoggedInBy(account, mechanism);
      });
    }
  }
});

describe('fetchmail', () => {
  // By STLS it comes to TLS with `protocol pop3` alone.
  const cases = [
    ['pop3', 'password', 'USER', testSecret, transports],
    ['pop3', 'any', 'USER', testSecret, transports],
    ['apop', 'any', 'APOP', apopSecret, ['implicit']],
  ] as const;
  for (const [protocol, auth, mechanism, secret, possible] of cases) {
    for (const transport of possible) {
      test(`protocol ${protocol} auth ${auth} (${transport})`, async () => {
        const account = await mechanisms.account();
        const home = new Home(mechanisms.host);
        const security = transport === 'implicit' ? 'ssl' : 'sslproto "TLS1.2+"';
        const file = writeSecretly(
          home,
          'fetchmailrc',
          `set invisible
poll localhost service ${portOf(transport)} protocol ${protocol} uidl auth ${auth}
  user "${account.mailbox.address}" password "${secret}"
  ${security} sslcertck sslcertfile "${mechanisms.host.node.caFile}"
  no rewrite keep mda "${home.deliverCommand}"
`,
        );
        const args = ['-f', file, '-i', join(home.path, 'fetchids'), '--nosyslog', '-v'];
        const environment = { FETCHMAILHOME: home.path, HOME: home.path };
        await ran('fetchmail', args, { environment });
        assertSame(home.messages(), withLineFeeds(account.stored));
        await mechanisms.assertLoggedInBy(account, mechanism);
      });
    }
  }
});

describe('getmail6', () => {
  const cases = [
    ['', 'USER', testSecret],
    ['use_apop = true', 'APOP', apopSecret],
  ] as const;
  for (const [option, mechanism, secret] of cases) {
    test(`${option || 'as it comes'} (implicit)`, async () => {
      const account = await mechanisms.account();
      const home = new Home(mechanisms.host);
      const [program = '', inbox = ''] = home.deliverCommand.split(' ');
      const folder = join(home.path, 'getmail');
      mkdirSync(folder);
      writeSecretly(
        home,
        'getmail/getmailrc',
        `[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = ${portOf('implicit')}
username = ${account.mailbox.address}
password = ${secret}
ca_certs = ${mechanisms.host.node.caFile}
${option}

[destination]
type = MDA_external
path = ${program}
arguments = ("${inbox}",)
unixfrom = false
allow_root_commands = true

[options]
delete = false
received = false
delivered_to = false
`,
      );
      await ran('getmail', [`--getmaildir=${folder}`], { environment: { HOME: home.path } });
      assertSame(home.messages(), withLineFeeds(account.stored));
      await mechanisms.assertLoggedInBy(account, mechanism);
    });
  }
});

describe('Python, which computes SCRAM by its own hashlib and hmac', () => {
  const program = fileURLToPath(new URL('peers/scram_session.py', import.meta.url));
  for (const hash of ['SHA-1', 'SHA-256']) {
    for (const binding of ['none', 'tls-server-end-point']) {
      for (const transport of transports) {
        test(`SCRAM-${hash}, bound to ${binding} (${transport})`, async () => {
          const account = await mechanisms.account();
          const { caFile } = mechanisms.host.node;
          const { address } = account.mailbox;
          const args = [program, transport, String(portOf(transport)), caFile, address];
          const { stdout } = await ran('python3', [...args, hash, binding], {
            input: `${testSecret}\n`,
          });
          const told: unknown = JSON.parse(stdout.toString('latin1'));
          assert.ok(Array.isArray(told));
          assertSame(told, account.stored);
          const plus = binding === 'none' ? '' : '-PLUS';
          await mechanisms.assertLoggedInBy(account, `SCRAM-${hash}${plus}`);
        });
      }
    }
  }
});
