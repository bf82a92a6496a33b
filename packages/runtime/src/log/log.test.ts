import assert from 'node:assert/strict';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { LogLevel } from '../config/config.ts';
import { createLog, type Log, type LogFields } from './log.ts';

let directory: string;
before(() => {
  directory = mkdtempSync(join(os.tmpdir(), 'poplar-log-'));
});
after(() => rmSync(directory, { recursive: true }));

function written(write: (log: Log) => void, level: LogLevel = 'info'): Record<string, unknown>[] {
  const file = join(directory, 'log');
  const log = createLog({ level, base: { node: 'n1', role: 'main' }, fd: openSync(file, 'w') });
  write(log);
  log.flush();
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

describe('log', () => {
  test('a line is one JSON object that says when, who and what', () => {
    const [line] = written((log) => log.child({ worker: 3 }).info({ octets: 5n }, 'sent'));
    assert.ok(!Number.isNaN(Date.parse(String(line?.time))));
    assert.deepEqual(
      { ...line, time: 0 },
      { time: 0, level: 'info', node: 'n1', role: 'main', worker: 3, octets: '5', msg: 'sent' },
    );
  });

  test('below its level it says nothing', () => {
    assert.deepEqual(
      written((log) => log.info({}, 'x'), 'warn'),
      [],
    );
  });

  test('no secret gets in, under its name, in a URL, in an object or by an error', () => {
    const error = Object.assign(new Error('connect postgres://me:sesame@db/x failed'), {
      code: 'ECONNREFUSED',
      detail: 'sesame',
      client: { password: 'sesame' },
    });
    const smuggled: unknown = { record: { inner: 'sesame' } };
    const lines = written((log) => {
      log.error({ dbPassword: 'sesame', apiToken: 'sesame' }, 'a', error);
      log.warn({ url: 'postgresql://me:sesame@db/x' }, 'b', { secret: 'sesame' });
      log.info(smuggled as LogFields, 'c');
    });
    assert.equal(lines.length, 3);
    assert.doesNotMatch(JSON.stringify(lines), /sesame/);
    assert.equal(lines[0]?.causeCode, 'ECONNREFUSED');
    assert.match(String(lines[0]?.causeMessage), /postgres:\/\/me:\*\*\*@db\/x/);
  });

  test('what a client sends cannot begin a line of its own', () => {
    const lines = written((log) => log.info({ name: 'x\n{"level":"fatal"}' }, 'login'));
    assert.equal(lines.length, 1);
  });
});
