import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { describeConfig, hidePassword } from './describe-config.ts';
import { defaultHostName, loadConfig } from './load-config.ts';

let directory: string;
before(() => {
  directory = mkdtempSync(join(os.tmpdir(), 'poplar-config-'));
});
after(() => rmSync(directory, { recursive: true }));

function fromFile(content: string, environment: Record<string, string> = {}): Config {
  const file = join(directory, 'poplar.toml');
  writeFileSync(file, content);
  return loadConfig(environment, { file });
}

const fromVariables = (environment: Record<string, string>): Config =>
  loadConfig(environment, { file: null });

function refusal(load: () => Config): string {
  try {
    load();
  } catch (error) {
    assert.ok(error instanceof ConfigError, `threw ${String(error)}`);
    assert.doesNotMatch(error.message, /\n/);
    return error.message.replace(`${directory}/`, '');
  }
  return assert.fail('was accepted');
}

describe('what a node is told', () => {
  test('nothing at all gives the built-in defaults', () => {
    const config = fromVariables({});
    assert.deepEqual(config.listeners.pop3, { host: '127.0.0.1', port: 1110, tls: 'stls' });
    assert.deepEqual(config.listeners.pop3s, { host: '127.0.0.1', port: 1995, tls: 'implicit' });
    assert.deepEqual(config.listeners.lmtp, [{ host: '127.0.0.1', port: 2424 }]);
    assert.deepEqual(config.listeners.ops, { host: '127.0.0.1', port: 9110 });
    assert.deepEqual(config.roles, ['pop3', 'maildrop', 'admin']);
    assert.equal(config.database.url, null);
    assert.equal(config.cleartext, 'loopback');
    assert.equal(config.limits.connectionsPerAddressMax, 500);
    assert.deepEqual(config.auth.trustedNetworks, ['127.0.0.0/8', '::1/128']);
    assert.equal(config.limits.messageOctetsMax, 150 * 1024 * 1024);
    assert.equal(config.nodeName, `${os.hostname()}-9110`);
    assert.ok(config.workers >= 1);
    assert.deepEqual(new Set(Object.values(config.sources)), new Set(['default']));
  });

  test('the environment goes over the file, the file over the defaults', () => {
    const config = fromFile(
      'workers = 3\nroles = ["pop3"]\n[listeners]\npop3 = "[::1]:110"\n[limits]\nidleTimeoutMs = 700000\n',
      { POPLAR_WORKERS: '5', POPLAR_LOGIN_TIMEOUT_MS: '1234' },
    );
    assert.equal(config.workers, 5);
    assert.deepEqual(config.roles, ['pop3']);
    assert.deepEqual(config.listeners.pop3, { host: '::1', port: 110, tls: 'stls' });
    assert.equal(config.limits.idleTimeoutMs, 700_000);
    assert.equal(config.limits.loginTimeoutMs, 1_234);
    assert.equal(config.sources.workers, 'POPLAR_WORKERS');
    assert.equal(config.sources.roles, join(directory, 'poplar.toml'));
    assert.equal(config.sources.dataDir, 'default');
  });

  test('an empty listener is off, LMTP may have several and unix sockets', () => {
    const config = fromVariables({
      POPLAR_LISTEN_POP3: '',
      POPLAR_LISTEN_OPS: '',
      POPLAR_LISTEN_LMTP: '127.0.0.1:0, unix:/run/poplar/lmtp',
    });
    assert.equal(config.listeners.pop3, null);
    assert.equal(config.listeners.ops, null);
    assert.deepEqual(config.listeners.lmtp, [
      { host: '127.0.0.1', port: 0 },
      { path: '/run/poplar/lmtp' },
    ]);
    assert.equal(config.nodeName.endsWith('-0'), false, 'a node name needs something of its own');
    assert.deepEqual(fromVariables({ POPLAR_LISTEN_LMTP: '' }).listeners.lmtp, []);
  });

  test('networks are a list, and an empty one is none', () => {
    const config = fromFile('[auth]\ntrustedNetworks = ["10.0.0.0/8", "::1"]\ncacheSeconds = 0\n', {
      POPLAR_AUTH_CACHE_OCTETS: '1048576',
    });
    const { cacheSeconds, cacheOctets, trustedNetworks } = config.auth;
    assert.deepEqual([cacheSeconds, cacheOctets], [0, 1_048_576]);
    assert.deepEqual(trustedNetworks, ['10.0.0.0/8', '::1']);
    assert.deepEqual(fromVariables({ POPLAR_AUTH_TRUSTED_NETWORKS: '' }).auth.trustedNetworks, []);
    for (const wrong of [
      '10.0.0.0/33',
      '10.0.0/8',
      '::1/129',
      '::1/',
      'fe80::1%eth0/64',
      '::/0/0',
      'x',
    ]) {
      assert.match(
        refusal(() => fromVariables({ POPLAR_AUTH_TRUSTED_NETWORKS: wrong })),
        /^POPLAR_AUTH_TRUSTED_NETWORKS must be written like/,
      );
    }
  });

  test('a listener may have a default domain of its own', () => {
    const { listeners } = fromVariables({ POPLAR_POP3_DEFAULT_DOMAIN: 'example.org' });
    assert.equal(listeners.pop3DefaultDomain, 'example.org');
    assert.equal(listeners.pop3sDefaultDomain, null);
  });

  test('listeners for a load balancer are off, and believe this machine alone', () => {
    const { listeners, proxy } = fromVariables({});
    assert.deepEqual([listeners.pop3Proxy, listeners.pop3sProxy], [null, null]);
    assert.deepEqual(proxy.trusted, ['127.0.0.0/8', '::1/128']);
    const config = fromVariables({
      POPLAR_LISTEN_POP3_PROXY: ':1111',
      POPLAR_LISTEN_POP3S_PROXY: '10.0.0.5:1996',
      POPLAR_POP3_TLS: 'none',
      POPLAR_PROXY_TRUSTED: '10.0.0.0/24, 10.1.0.7,2001:db8::/32',
    });
    assert.deepEqual(config.listeners.pop3Proxy, { host: '::', port: 1111, tls: 'none' });
    assert.deepEqual(config.listeners.pop3sProxy, {
      host: '10.0.0.5',
      port: 1996,
      tls: 'implicit',
    });
    assert.deepEqual(config.proxy.trusted, ['10.0.0.0/24', '10.1.0.7', '2001:db8::/32']);
    assert.deepEqual(fromVariables({ POPLAR_PROXY_TRUSTED: '' }).proxy.trusted, []);
  });

  test('it is frozen all through and crosses threads', () => {
    const config = fromVariables({});
    assert.ok(Object.isFrozen(config) && Object.isFrozen(config.listeners.lmtp));
    assert.deepEqual(structuredClone(config), config);
  });

  test('the host name is configured, or the one of the system if a greeting can say it', () => {
    for (const name of ['pop', 'POP.example.org', 'mail_host.example.org', 'a'.repeat(255)]) {
      assert.equal(fromVariables({ POPLAR_HOSTNAME: name }).hostname, name);
      assert.equal(defaultHostName(name), name);
    }
    for (const name of ['', ' ', 'blue host', '-a', 'a(b)', 'bücher', 'a\r\nb', 'a'.repeat(256)]) {
      assert.equal(defaultHostName(name), 'localhost');
    }
  });

  test('POPLAR_CONFIG names the file, and a named file must be there', () => {
    const file = join(directory, 'other.toml');
    writeFileSync(file, 'workers = 7\n');
    assert.equal(loadConfig({ POPLAR_CONFIG: file }).workers, 7);
    assert.match(
      refusal(() => loadConfig({ POPLAR_CONFIG: `${file}x` })),
      /cannot be read .ENOENT/,
    );
  });
});

describe('what is wrong is said in one line that names it', () => {
  const wrong: [name: string, load: () => Config, message: RegExp][] = [
    [
      'a number',
      () => fromVariables({ POPLAR_WORKERS: 'many' }),
      /^POPLAR_WORKERS must be a whole/,
    ],
    ['zero workers', () => fromVariables({ POPLAR_WORKERS: '0' }), /^POPLAR_WORKERS .* from 1 /],
    [
      'a port',
      () => fromVariables({ POPLAR_LISTEN_POP3: 'localhost' }),
      /^POPLAR_LISTEN_POP3 .*host:port/,
    ],
    ['a large port', () => fromVariables({ POPLAR_LISTEN_OPS: ':65536' }), /^POPLAR_LISTEN_OPS/],
    [
      'a role',
      () => fromVariables({ POPLAR_ROLES: 'pop3,imap' }),
      /^POPLAR_ROLES .* pop3, maildrop/,
    ],
    ['no role', () => fromVariables({ POPLAR_ROLES: ',' }), /^POPLAR_ROLES must name at least one/],
    ['half a TLS pair', () => fromVariables({ POPLAR_TLS_CERT: '/c' }), /POPLAR_TLS_KEY/],
    ['a relative socket', () => fromVariables({ POPLAR_LISTEN_LMTP: 'unix:x' }), /absolute path/],
    ...['10.0.0.0/33', '10.0.0/8', '::/129', '10.0.0.0/', '10.0.0.0/8/8', 'fe80::1%lo', 'lb'].map(
      (network): [string, () => Config, RegExp] => [
        `${network} for a network`,
        () => fromVariables({ POPLAR_PROXY_TRUSTED: `127.0.0.1,${network}` }),
        /^POPLAR_PROXY_TRUSTED must be written like/,
      ],
    ),
    ['an unknown key', () => fromFile('wrokers = 2'), /^poplar.toml: unknown key wrokers$/],
    ['an unknown deep key', () => fromFile('[limits]\nidle = 2'), /unknown key limits\.idle$/],
    [
      'a wrong type',
      () => fromFile('[listeners]\npop3 = 110'),
      /^poplar.toml: listeners.pop3 must be/,
    ],
    ...['mail_host.example.org (blue)', 'a'.repeat(256), 'a\nb', '[::1]', 'bücher'].map(
      (name): [string, () => Config, RegExp] => [
        `a host name such as ${JSON.stringify(name.slice(0, 30))}`,
        () => fromVariables({ POPLAR_HOSTNAME: name }),
        /^POPLAR_HOSTNAME must be a host name: /,
      ],
    ),
    ['no host name', () => fromVariables({ POPLAR_HOSTNAME: ' ' }), /^POPLAR_HOSTNAME must not be/],
    [
      'a host name in the file',
      () => fromFile('hostname = "a b"'),
      /^poplar.toml: hostname must be a host name: /,
    ],
    ['broken TOML', () => fromFile('workers = \n'), /^poplar.toml:1:\d+: /],
    [
      'a certificate without key',
      () => fromFile('[[tls.certificates]]\ncertFile = "x"'),
      /tls.certificates needs certFile and keyFile/,
    ],
  ];
  for (const [name, load, message] of wrong) {
    test(name, () => assert.match(refusal(load), message));
  }

  const variable: [environment: Record<string, string>, message: RegExp | null][] = [
    [{ POPLAR_WROKERS: '2' }, /^unknown variable POPLAR_WROKERS: /],
    [{ POPLAR_LISTEN_IMAP: '' }, /^unknown variable POPLAR_LISTEN_IMAP: /],
    [{ POPLAR_PORT: '110' }, /^unknown variable POPLAR_PORT: /],
    [{ POPLAR_CONFIG: '', POPLAR_TEST_SOAK: '1', POPLAR_UPDATE_SCHEMA: '1' }, null],
    [{ POPLARS: '1', poplar_workers: '1' }, null],
    // A pod in a namespace with a Service named poplar.
    [{ POPLAR_SERVICE_HOST: '10.0.0.1', POPLAR_SERVICE_PORT_POP3S: '995' }, null],
    [{ POPLAR_PORT: 'tcp://10.0.0.1:995', POPLAR_PORT_995_TCP_ADDR: '10.0.0.1' }, null],
  ];
  for (const [environment, message] of variable) {
    test(`a variable: ${Object.keys(environment).join(', ')}`, () => {
      if (message === null) assert.deepEqual(fromVariables(environment).warnings, []);
      else
        assert.match(
          refusal(() => fromVariables(environment)),
          message,
        );
    });
  }

  test('a token that can be guessed is taken with a warning', () => {
    const names = ['POPLAR_ADMIN_TOKEN'];
    const set = (value: string) => Object.fromEntries(names.map((name) => [name, value]));
    assert.deepEqual(fromVariables(set('')).warnings, []);
    const { warnings } = fromVariables(set('sesame'));
    assert.equal(warnings.length, names.length);
    for (const [index, name] of names.entries()) {
      assert.match(warnings[index] ?? '', new RegExp(`^${name} can be guessed: `));
    }
    assert.doesNotMatch(warnings.join(), /sesame/);
  });

  test('a database URL is never repeated', () => {
    const message = refusal(() => fromVariables({ DATABASE_URL: 'mysql://u:sesame@host/db' }));
    assert.match(message, /^DATABASE_URL must be a URL/);
    assert.doesNotMatch(message, /sesame/);
  });
});

describe('what an operator is shown', () => {
  test('every setting once, with its source and without the password', () => {
    const config = fromVariables({
      DATABASE_URL: 'postgresql://me:se@same@db:5432/mail?password=x1',
    });
    const shown = describeConfig(config);
    assert.equal(shown.length, Object.keys(config.sources).length);
    const url = shown.find(({ key }) => key === 'database.url');
    assert.deepEqual(url, {
      key: 'database.url',
      value: 'postgresql://me:***@db:5432/mail?password=***',
      source: 'DATABASE_URL',
    });
    const pop3 = shown.find(({ key }) => key === 'listeners.pop3');
    assert.equal(pop3?.value, '127.0.0.1:1110');
    assert.ok(!shown.some(({ value }) => /undefined|\[object/.test(value)), JSON.stringify(shown));
  });

  test('a URL without password stays as it is', () => {
    const url = 'postgresql://poplar@/postgres?host=%2Frun';
    assert.equal(hidePassword(url), url);
    const several = 'postgresql://poplar@[::1]:5432,db2:5433/mail';
    assert.equal(hidePassword(several), several);
  });

  test('a collector has a plain URL, and there is none unless one is named', () => {
    const traced = (url: string) => loadConfig({ POPLAR_TRACING_URL: url }, { file: null }).tracing;
    assert.deepEqual(loadConfig({}, { file: null }).tracing, { url: null });
    assert.deepEqual(traced('http://[::1]:4318'), { url: 'http://[::1]:4318' });
    for (const url of ['ftp://host', 'host:4318', 'http://a:b@host', 'http://host/?key=1']) {
      assert.throws(
        () => traced(url),
        /^ConfigError: POPLAR_TRACING_URL must be an http or https URL/,
      );
    }
  });

  test('the URL of several hosts loses its password and nothing else', () => {
    assert.equal(
      hidePassword('postgres://me:se,same@db1:5432,[::1]:5433/mail?password=x'),
      'postgres://me:***@db1:5432,[::1]:5433/mail?password=***',
    );
  });
});
