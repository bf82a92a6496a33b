import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './load-config.ts';

/** Null when it is accepted. */
function refusal(environment: Record<string, string>, file: string | null = null): string | null {
  try {
    loadConfig(environment, { file });
    return null;
  } catch (error) {
    assert.ok(error instanceof ConfigError, `threw ${String(error)}`);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
}

describe('two listeners on one address', () => {
  test('are refused in one line that names both settings', () => {
    assert.equal(
      refusal({ POPLAR_LISTEN_POP3: '127.0.0.1:1995' }),
      'POPLAR_LISTEN_POP3 (127.0.0.1:1995) and the default of POPLAR_LISTEN_POP3S (127.0.0.1:1995) ' +
        'are the same address: give each listener its own',
    );
  });

  test('a default domain beside them is no address', () => {
    const domains = { POPLAR_POP3_DEFAULT_DOMAIN: 'a.org', POPLAR_POP3S_DEFAULT_DOMAIN: 'b.org' };
    assert.equal(refusal(domains), null);
  });

  test('are named by their line of the file', () => {
    const directory = mkdtempSync(join(os.tmpdir(), 'poplar-listeners-'));
    const file = join(directory, 'poplar.toml');
    writeFileSync(file, '[listeners]\nlmtp = ["127.0.0.1:24", ":110"]\n');
    const said = refusal({ POPLAR_LISTEN_POP3: 'localhost:110' }, file) ?? '';
    assert.match(said, /^POPLAR_LISTEN_POP3 \(localhost:110\) and .*poplar\.toml: listeners\.lmtp/);
    rmSync(directory, { recursive: true });
  });

  for (const name of ['POP3S', 'POP3_PROXY', 'POP3S_PROXY', 'LMTP', 'OPS', 'ADMIN']) {
    test(`POP3 and ${name}`, () => {
      const other = `POPLAR_LISTEN_${name}`;
      const said = refusal({ POPLAR_LISTEN_POP3: '127.0.0.1:4000', [other]: '127.0.0.1:4000' });
      assert.match(said ?? '', /^POPLAR_LISTEN_POP3 /);
      assert.match(said ?? '', new RegExp(` and ${other} `));
    });
  }

  const pairs: [one: string, other: string, areRefused: boolean][] = [
    [':995', '127.0.0.1:995', true],
    ['127.0.0.1:995', '*:995', true],
    ['0.0.0.0:995', '127.0.0.1:995', true],
    ['0.0.0.0:995', '[::]:995', true],
    ['0.0.0.0:995', 'pop.example.org:995', true],
    ['localhost:995', '127.0.0.1:995', true],
    ['[::1]:995', 'localhost:995', true],
    ['[::1]:995', '[0:0:0:0:0:0:0:1]:995', true],
    ['Pop.example.org:995', 'pop.example.org:995', true],
    ['0.0.0.0:995', '[::1]:995', false],
    ['127.0.0.1:995', '127.0.0.2:995', false],
    ['127.0.0.1:995', '127.0.0.1:996', false],
    [':0', ':0', false],
    ['', '', false],
  ];
  for (const [one, other, areRefused] of pairs) {
    test(`${one || 'off'} and ${other || 'off'}: ${areRefused ? 'refused' : 'taken'}`, () => {
      const said = refusal({ POPLAR_LISTEN_POP3: one, POPLAR_LISTEN_POP3S: other });
      assert.equal(said !== null, areRefused, String(said));
    });
  }

  test('within the list of LMTP, sockets included', () => {
    const socket = 'unix:/run/poplar/lmtp';
    assert.match(refusal({ POPLAR_LISTEN_LMTP: `${socket},${socket}` }) ?? '', /unix:.* and /);
    assert.equal(refusal({ POPLAR_LISTEN_LMTP: `${socket},${socket}2` }), null);
  });

  test('do not matter when the node does not have the role', () => {
    const same = { POPLAR_LISTEN_POP3: ':2424', POPLAR_LISTEN_ADMIN: ':2424' };
    assert.equal(refusal({ ...same, POPLAR_ROLES: 'pop3' }), null);
    assert.match(refusal({ ...same, POPLAR_ROLES: 'pop3,maildrop' }) ?? '', /LISTEN_LMTP/);
  });
});
