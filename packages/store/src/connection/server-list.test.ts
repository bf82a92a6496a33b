import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StoreError } from '../errors.ts';
import { ServerList } from './server-list.ts';
import { roundsOf, type SessionAttributes, suits } from './server-state.ts';

function namesOf(url: string): string[] {
  return new ServerList(url).order().map(({ name }) => name);
}

describe('hosts', () => {
  test('each of several gets a URL of its own, without what chooses among them', () => {
    const url =
      'postgres://me:se%40same@h1:5432,h2:5433/mail?sslmode=require&application_name=a%20b';
    const [first, second] = new ServerList(url).order();
    assert.equal(first?.name, 'h1:5432');
    assert.equal(second?.name, 'h2:5433');
    const own = new URL(second?.url.replace('@/', '@none/') ?? '');
    assert.equal(own.password, 'se%40same');
    assert.equal(own.pathname, '/mail');
    assert.deepEqual(Object.fromEntries(own.searchParams), {
      sslmode: 'require',
      application_name: 'a b',
      host: 'h2',
      port: '5433',
    });
  });

  test('unix sockets, IPv6 in brackets, and hosts among the parameters', () => {
    assert.deepEqual(namesOf('postgresql://%2Frun%2Fa,[::1]:5433,db.example.org/mail'), [
      '/run/a',
      '[::1]:5433',
      'db.example.org',
    ]);
    assert.deepEqual(namesOf('postgresql:///mail?host=/run/a,10.0.0.1&port=5433'), [
      '/run/a port 5433',
      '10.0.0.1:5433',
    ]);
    assert.deepEqual(namesOf('postgresql://a:1,b:2/mail?host=c,d&port=3,4'), ['c:3', 'd:4']);
    assert.deepEqual(namesOf('postgres://a,b:5433/mail'), ['a', 'b:5433']);
  });

  test('the URL of one host stays as it is', () => {
    for (const url of [
      'postgresql://poplar:secret@127.0.0.1/poplar',
      'postgresql:///postgres?host=/tmp/x&user=postgres',
      'postgres://nowhere',
      'postgresql://poplar@[::1]:5433/poplar?sslmode=disable',
      'postgresql://me:se@same@db:5432/mail?target_session_attrs=any',
    ]) {
      assert.deepEqual(
        new ServerList(url).order().map((server) => server.url),
        [url],
      );
    }
  });

  test('the one that served last is tried first, until it is abandoned', () => {
    const list = new ServerList('postgres://a,b,c/mail');
    const [, second] = list.order();
    assert.ok(second);
    list.served(second);
    assert.deepEqual(
      list.order().map(({ name }) => name),
      ['b', 'a', 'c'],
    );
    const left: string[] = [];
    list.join(second, (how) => left.push(how));
    list.join(second, () => left.push('taken back'))();
    list.abandon(second);
    assert.deepEqual(left, ['when-idle']);
    assert.deepEqual(
      list.order().map(({ name }) => name),
      ['a', 'b', 'c'],
    );
  });

  test('whoever waits for a server whose place another has taken leaves at once', () => {
    for (const [attributes, expected] of [
      ['read-write', ['a now']],
      ['primary', ['a now']],
      ['any', []],
      ['read-only', []],
    ] as const) {
      const list = new ServerList(`postgres://a,b/mail?target_session_attrs=${attributes}`);
      const left: string[] = [];
      for (const server of list.order()) {
        list.join(server, (how) => left.push(`${server.name} ${how}`));
      }
      const [, second] = list.order();
      assert.ok(second);
      list.served(second);
      assert.deepEqual(left, expected);
    }
  });

  test('a random order has all of them, each first at some time', () => {
    const list = new ServerList('postgres://a,b,c/mail?load_balance_hosts=random');
    const firsts = new Set<string>();
    for (let i = 0; i < 200; i += 1) {
      const order = list.order().map(({ name }) => name);
      assert.deepEqual(order.toSorted(), ['a', 'b', 'c']);
      firsts.add(order[0] ?? '');
    }
    assert.deepEqual([...firsts].sort(), ['a', 'b', 'c']);
  });

  test('the time for each host', () => {
    const timeout = (url: string) => new ServerList(url).parsed.connectTimeoutMs;
    assert.equal(timeout('postgres://a/mail'), 5_000);
    assert.equal(timeout('postgres://a,b/mail'), 2_000);
    assert.equal(timeout('postgres://a,b/mail?connect_timeout=1'), 1_000);
    assert.equal(timeout('postgres://a,b/mail?connect_timeout=99'), 5_000);
    assert.equal(timeout('postgres://a,b/mail?connect_timeout=0'), 2_000);
  });
});

test('what is malformed is said without a secret', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['mysql://me:sesame@a,b/mail', /does not begin with postgres:/],
    ['postgres://me:sesame@a,,b/mail', /no name for host 2/],
    ['postgres://me:sesame@a:1,b:x/mail', /port that is no number .* for host 2/],
    ['postgres://me:sesame@a:1,b:65536/mail', /for host 2/],
    ['postgres://me:ses/ame@a,b/mail', /for host 1; a password .* percent-encoded/],
    ['postgres://me:sesame@::1,b/mail', /IPv6 address that is not in brackets.* host 1/],
    ['postgres://me:sesame@a,[::1/mail', /host 2/],
    ['postgres://me:sesame@a,%zz/mail', /percent-encoded as it should be in host 2/],
    ['postgres://me:sesame@/mail?host=a,b,c&port=1,2', /has 2 ports for 3 hosts/],
    ['postgres://me:sesame@a,b/mail?target_session_attrs=sesame', /none of read-write, read-only/],
    ['postgres://me:sesame@a,b/mail?load_balance_hosts=sesame', /neither disable nor random/],
    ['postgres://me:sesame@a,b/mail?connect_timeout=sesame', /no number of seconds/],
    [`postgres://me:sesame@${Array(9).fill('a').join()}/mail`, /more than 8 hosts/],
  ];
  for (const [url, says] of cases) {
    assert.throws(
      () => new ServerList(url).order(),
      (error: unknown) => {
        assert.ok(error instanceof StoreError, url);
        assert.equal(error.code, 'INVALID');
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /sesame|ses\/ame/);
        return true;
      },
    );
  }
});

test('target_session_attrs', () => {
  const primary = { isInRecovery: false, isReadOnly: false };
  const demoted = { isInRecovery: false, isReadOnly: true };
  const standby = { isInRecovery: true, isReadOnly: false };
  const table: readonly (readonly [SessionAttributes, boolean, boolean, boolean])[] = [
    ['read-write', true, false, false],
    ['read-only', false, true, true],
    ['primary', true, true, false],
    ['standby', false, false, true],
    ['prefer-standby', true, true, true],
    ['any', true, true, true],
  ];
  for (const [attributes, ...expected] of table) {
    assert.deepEqual(
      [primary, demoted, standby].map((state) => suits(attributes, state)),
      expected,
      attributes,
    );
    const { parsed } = new ServerList(`postgres://a,b/m?target_session_attrs=${attributes}`);
    assert.equal(parsed.attributes, attributes);
  }
  assert.equal(new ServerList('postgres://a,b/mail').parsed.attributes, 'read-write');
  assert.deepEqual(roundsOf('prefer-standby'), ['standby', 'any']);
  assert.deepEqual(roundsOf('primary'), ['primary']);
});
