/**
 * The rules by themselves: promtool takes them, its unit tests of them hold, and there is one for each.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promtool, rulesPath } from '../support/prometheus.ts';
import { fileAt, root } from '../support/source-tree.ts';

const tests = readdirSync(join(root, rulesPath)).filter((name) => name.endsWith('.test.yml'));

test('promtool finds the rules and the configuration right', () => {
  assert.equal(promtool(['check', 'rules', 'poplar.rules.yml']), null);
  assert.equal(promtool(['check', 'config', 'prometheus.yml']), null);
});

test('the unit tests of the rules hold', () => {
  assert.ok(tests.length >= 4);
  assert.equal(promtool(['test', 'rules', ...tests]), null);
});

test('every recording has a test of what it is', () => {
  const rules = fileAt(`${rulesPath}/poplar.rules.yml`).text;
  const recordings = [...rules.matchAll(/- record: (\S+)/g)].map(([, name = '']) => name);
  assert.ok(recordings.length > 10, `${recordings.length} recordings`);
  const cases = tests.map((name) => fileAt(`${rulesPath}/${name}`).text).join('');
  // In an expression whose answer is told and is not nothing.
  const asked = [...cases.matchAll(/- expr: (.+)\n +eval_time: .+\n +exp_samples:\n/g)];
  const missing = recordings.filter(
    (name) => !asked.some(([, expr = '']) => expr.split(/[(), ]/).includes(name)),
  );
  assert.deepEqual(missing, []);
});

test('every alert has a test in which it fires and one in which it is silent', () => {
  const rules = fileAt(`${rulesPath}/poplar.rules.yml`).text;
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  assert.ok(alerts.length > 30, `${alerts.length} alerts`);
  const cases = tests.map((name) => fileAt(`${rulesPath}/${name}`).text).join('');
  const missing = alerts.filter(
    (name) =>
      !cases.includes(`- name: ${name}, fires\n`) ||
      !cases.includes(`- name: ${name}, does not fire\n`),
  );
  assert.deepEqual(missing, []);
});

test('every alert leads to its row of the page, and the page has no other', () => {
  const rules = fileAt(`${rulesPath}/poplar.rules.yml`).text;
  const page = fileAt('docs/operations/monitoring.md').text;
  const alerts = rules.split(/^ +- alert: /m).slice(1);
  for (const alert of alerts) {
    const name = /^\w+/.exec(alert)?.[0] ?? '';
    const anchor = name.toLowerCase();
    assert.ok(alert.includes(`runbook_url: docs/operations/monitoring.md#${anchor}\n`), name);
    assert.ok(page.includes(`\n| <a id="${anchor}"></a>\`${name}\` |`), name);
  }
  assert.equal([...page.matchAll(/<a id="/g)].length, alerts.length);
});

test('the scrape of the admin port is right once its lines are no comment', () => {
  const { text } = fileAt(`${rulesPath}/prometheus.yml`);
  const begin = text.indexOf('  # - job_name: poplar-cluster-admin');
  assert.ok(begin > 0);
  const config = text.slice(0, begin) + text.slice(begin).replaceAll(/^ {2}# /gm, '  ');
  const folder = mkdtempSync(join(tmpdir(), 'poplar-scrape-'));
  try {
    const files = { poplar_ca: join(folder, 'ca.pem'), poplar_token: join(folder, 'token') };
    for (const file of Object.values(files)) writeFileSync(file, '');
    const here = config
      .replace('- poplar.rules.yml', `- ${join(root, rulesPath, 'poplar.rules.yml')}`)
      .replace('/etc/prometheus/poplar-ca.pem', files.poplar_ca)
      .replace('/etc/prometheus/poplar-token', files.poplar_token);
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, here);
    assert.equal(promtool(['check', 'config', file]), null);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
