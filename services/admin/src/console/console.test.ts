/**
 * The console as it is served: its files and no other, what may be cached and what the page may do; and that it
 * stays small.
 */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';
import { consoleFileNames, readConsole } from './console-files.ts';

const folder = fileURLToPath(new URL('../../console/', import.meta.url));
const transferOctetsMax = 150_000;

let api: ApiFixture;
before(async () => {
  api = await apiFixture();
});
after(() => api.end());

function get(path: string, headers: Record<string, string> = {}) {
  return api.ask({ path, token: null, headers });
}

const pathOf = (name: string): string => `/console/${name === 'index.html' ? '' : name}`;

test('every file of the folder is served, and nothing else is in the list', () => {
  const there = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'tsconfig.json')
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  assert.deepEqual([...consoleFileNames].sort(), there.sort());
});

test('all of it together is small', async () => {
  const files = await readConsole();
  const octets = files.reduce((sum, { gzipped }) => sum + gzipped.length, 0);
  assert.ok(octets < transferOctetsMax, `${octets} octets`);
});

test('each file is public, of its type, and may do what the page needs and no more', async () => {
  for (const name of consoleFileNames) {
    const { status, headers, text } = await get(pathOf(name));
    assert.equal(status, 200, name);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/, name);
    assert.doesNotMatch(policy, /unsafe|http|\*|data:/, name);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-cache');
    assert.equal(headers['set-cookie'], undefined);
    if (name.endsWith('.ts')) {
      assert.equal(headers['content-type'], 'text/javascript; charset=utf-8');
      assert.doesNotMatch(text, /^(?:export )?(?:interface|type) /m, `${name} has types`);
    }
    // Names of namespaces are no addresses.
    const addresses = text.match(/(?:https?:)?\/\/(?!www\.w3\.org\/2000\/svg)[\w-]+\.[\w.-]+/g);
    assert.deepEqual(addresses, null, name);
    assert.doesNotMatch(text, /innerHTML|insertAdjacentHTML|document\.write|\beval\(/, name);
  }
});

test('the page has no script and no style in it, and names all scripts beforehand', async () => {
  const { text } = await get('/console/');
  assert.doesNotMatch(text, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  for (const name of consoleFileNames.filter((one) => one.endsWith('.ts'))) {
    assert.ok(text.includes(`<link rel="modulepreload" href="${name}" />`), name);
  }
});

test('what is known is not sent again, and what is sent is compressed for whoever takes that', async () => {
  for (const name of consoleFileNames) {
    const [file] = (await readConsole()).filter((one) => one.name === name);
    const first = await get(pathOf(name));
    const etag = String(first.headers.etag);
    assert.equal(etag, file?.etag);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`]) {
      const again = await get(pathOf(name), { 'if-none-match': known });
      assert.deepEqual([again.status, again.text], [304, ''], `${name} ${known}`);
    }
    assert.equal((await get(pathOf(name), { 'if-none-match': '"x"' })).status, 200);
  }
  const asked = async (codings: string) => {
    const { headers } = await get('/console/main.ts', { 'accept-encoding': codings });
    return headers['content-encoding'];
  };
  assert.equal(await asked('br, gzip;q=0.5'), 'gzip');
  assert.equal(await asked('gzip;q=0'), undefined);
  assert.equal(await asked('identity'), undefined);
  const [main] = (await readConsole()).filter(({ name }) => name === 'main.ts');
  assert.deepEqual(main && gunzipSync(main.gzipped), main?.plain);
});

describe('nothing else is there', () => {
  test('no path leads to another file', async () => {
    for (const path of [
      ...['/console/tsconfig.json', '/console/../package.json', '/console/%2e%2e/package.json'],
      ...['/console/..%2fpackage.json', '/console//main.ts', '/console/views', '/console/views/'],
      ...['/console/main.ts/', '/console/MAIN.TS', '/console/index.html', '/console/main.ts%00'],
      ...['/console/../src/role.ts', '/console/views/..%2f..%2fsrc/role.ts', '/console/main.js'],
    ]) {
      const { status, headers } = await get(path);
      assert.ok([400, 404].includes(status), `${path}: ${status}`);
      assert.match(String(headers['content-type']), /^application\/problem\+json/, path);
    }
  });

  test('only GET is a method of the console', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const told = await api.ask({ method, path: '/console/', token: null });
      assert.deepEqual([told.status, told.headers.allow], [405, 'GET, HEAD'], method);
    }
  });

  test('the root and the name without its slash lead there', async () => {
    for (const path of ['/', '/console']) {
      const { status, headers } = await get(path);
      assert.deepEqual([status, headers.location], [302, '/console/'], path);
    }
  });
});
