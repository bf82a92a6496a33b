/** The readers on real files: what is found, in which order, and what is not followed (V95). */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { StartError } from '@poplar/runtime';
import { openSource } from './detect.ts';
import type { Format, Found } from './found.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'poplar-import-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function file(name: string, content: string, modified = '2026-01-02T03:04:05Z'): string {
  const path = join(root, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  utimesSync(path, new Date(modified), new Date(modified));
  return path;
}

/** A named pipe that nobody writes to: to open it for reading waits for ever. */
function pipe(name: string): void {
  execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(root, name)]);
}

async function read(path: string, format?: Format, messageOctetsMax = 1000) {
  const options = { messageOctetsMax, ...(format === undefined ? {} : { format }) };
  const source = await openSource(path, options);
  const found: Found[] = [];
  for await (const one of source.messages()) found.push(one);
  return { source, found, inputOctets: found.reduce((sum, one) => sum + one.inputOctets, 0) };
}

/** What matters of each, for comparing. */
function brief(found: readonly Found[]): unknown[] {
  return found.map((one) =>
    one.kind === 'skipped'
      ? [one.reason, one.place.slice(root.length + 1)]
      : [Buffer.from(one.content).toString(), one.uidl],
  );
}

async function refusal(path: string, format?: Format): Promise<string> {
  try {
    await read(path, format);
  } catch (error) {
    assert.ok(error instanceof StartError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message.replaceAll(root, '');
  }
  return assert.fail(`${path} was not refused`);
}

test('one .eml file', async () => {
  const content = 'X-UIDL: u1\nA: b\n\ntext\n';
  const { source, found, inputOctets } = await read(file('a.eml', content));
  assert.equal(source.format, 'eml');
  assert.equal(source.totalOctets, content.length);
  assert.equal(inputOctets, content.length);
  assert.deepEqual(brief(found), [[content, 'u1']]);
});

test('a message under any name, also with a From_ line before it', async () => {
  assert.equal((await read(file('saved', 'Subject: x\n\n'))).source.format, 'eml');
  const saved = await read(file('b.eml', 'From a Tue Nov 24 03:08:09 2026\r\nA: b\r\n\r\n'));
  assert.deepEqual(brief(saved.found), [['A: b\r\n\r\n', null]]);
});

test('a folder of .eml files: by name, nothing else, no links, no folders', async () => {
  file('box/b.eml', 'A: 2\n\n');
  file('box/a.EML', 'A: 1\n\n');
  file('box/c.eml', '');
  file('box/d.eml', 'x'.repeat(1001));
  file('box/notes.txt', 'not mail');
  file('box/sub/e.eml', 'A: 3\n\n');
  file('secret', 'root: x');
  symlinkSync('../secret', join(root, 'box/f.eml'));
  symlinkSync('nowhere', join(root, 'box/g.eml'));
  mkdirSync(join(root, 'box/h.eml'));
  pipe('box/i.eml');
  const { found } = await read(join(root, 'box'));
  assert.deepEqual(brief(found), [
    ['A: 1\n\n', null],
    ['A: 2\n\n', null],
    ['empty', 'box/c.eml'],
    ['too-large', 'box/d.eml'],
    ['not-a-file', 'box/f.eml'],
    ['not-a-file', 'box/g.eml'],
    ['not-a-file', 'box/h.eml'],
    ['not-a-file', 'box/i.eml'],
  ]);
});

test('an mbox file', async () => {
  const from = 'From a@b Tue Nov 24 03:08:09 2026\n';
  const state = "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n\nx\n";
  const content = [
    state,
    'X-UIDL: u1\nA: 1\n\n>From x\n',
    `A: 2\n\n${'x'.repeat(1000)}\n`,
    'A: 3\n',
  ]
    .map((message) => `${from}${message}\n`)
    .join('');
  const path = file('mbox', content);
  const { source, found, inputOctets } = await read(path);
  assert.equal(source.format, 'mbox');
  assert.equal(source.totalOctets, content.length);
  assert.equal(inputOctets, content.length);
  assert.deepEqual(brief(found), [
    ['folder-data', 'mbox: message 1'],
    ['X-UIDL: u1\nA: 1\n\nFrom x\n', 'u1'],
    ['too-large', 'mbox: message 3'],
    ['A: 3\n', null],
  ]);
  const [, second] = found;
  assert.equal(second?.kind, 'message');
  assert.equal(second?.receivedAt?.toISOString(), '2026-11-24T03:08:09.000Z');
});

test('an mbox that begins with something else tells of it', async () => {
  const path = file('mbox', 'lost\n\nFrom a Tue Nov 24 03:08:09 2026\nA: 1\n\n');
  const { found } = await read(path, 'mbox');
  assert.deepEqual(brief(found), [
    ['A: 1\n', null],
    ['not-a-message', 'mbox: 6 octets before the first From_ line'],
  ]);
  assert.deepEqual((await read(file('empty', ''))).found, []);
});

test('a Maildir: by UID, then by time and name, with the UIDLs of Dovecot', async () => {
  const box = 'Maildir';
  file(`${box}/cur/3.host:2,S`, 'A: third\n\n', '2026-01-01T00:00:03Z');
  file(`${box}/cur/1.host:2,`, 'A: first\n\n', '2026-01-01T00:00:09Z');
  file(`${box}/cur/2.host:2,RS`, 'X-UIDL: not this\nA: second\n\n', '2026-01-01T00:00:02Z');
  file(`${box}/new/9.host`, 'X-UIDL: header\nA: new\n\n', '2026-01-01T00:00:05Z');
  file(`${box}/new/8.host`, 'A: newer\n\n', '2026-01-01T00:00:06Z');
  file(`${box}/new/7.host`, 'A: newest\n\n', '2026-01-01T00:00:06Z');
  file(`${box}/new/.hidden`, 'A: no\n\n');
  file(`${box}/tmp/4.host`, 'A: incomplete\n\n');
  file(`${box}/.Sent/cur/5.host:2,S`, 'A: sent\n\n');
  file('secret', 'root: x');
  symlinkSync('../../secret', join(root, box, 'cur/6.host:2,S'));
  // Names from this file are never opened: the second and third lines lead nowhere.
  const list = [
    '3 V10 N8 Gx',
    '1 :1.host:2,',
    '2 :../../secret',
    '4 :/etc/passwd',
    '7 Pown-1 :2.host',
  ];
  file(`${box}/dovecot-uidlist`, [...list, '6 :3.host'].map((line) => `${line}\n`).join(''));
  const { source, found } = await read(join(root, box));
  assert.equal(source.format, 'maildir');
  const link = found.find((one) => one.kind === 'skipped');
  assert.deepEqual(brief(found.filter((one) => one !== link)), [
    ['A: first\n\n', '000000010000000A'],
    ['A: third\n\n', '000000060000000A'],
    ['X-UIDL: not this\nA: second\n\n', 'own-1'],
    ['X-UIDL: header\nA: new\n\n', 'header'],
    ['A: newest\n\n', null],
    ['A: newer\n\n', null],
  ]);
  assert.deepEqual(link === undefined ? [] : brief([link]), [
    ['not-a-file', 'Maildir/cur/6.host:2,S'],
  ]);
  const [first] = found;
  assert.equal(first?.kind, 'message');
  assert.equal(first?.receivedAt?.toISOString(), '2026-01-01T00:00:09.000Z');
});

test('a Maildir with folders that are links is none', async () => {
  file('other/cur/1.host', 'A: b\n\n');
  mkdirSync(join(root, 'box'));
  symlinkSync('../other/cur', join(root, 'box/cur'));
  assert.match(await refusal(join(root, 'box'), 'maildir'), /neither cur nor new/);
});

test('a UID list that cannot be used stops the import, for all UIDLs would change', async () => {
  file('box/cur/1.host', 'A: b\n\n');
  file('box/dovecot-uidlist', 'garbage\n');
  assert.match(await refusal(join(root, 'box')), /first line is not understood/);
  rmSync(join(root, 'box/dovecot-uidlist'));
  symlinkSync('cur/1.host', join(root, 'box/dovecot-uidlist'));
  assert.match(await refusal(join(root, 'box')), /dovecot-uidlist is not a file/);
});

test('what is none of them is refused in one line', async () => {
  const link = join(root, 'link');
  symlinkSync(file('a.eml', 'A: b\n\n'), link);
  mkdirSync(join(root, 'nothing'));
  pipe('pipe');
  assert.match(await refusal(link), /^\/link is a symbolic link/);
  assert.match(await refusal(join(root, 'absent')), /cannot be read \(ENOENT\)/);
  assert.match(await refusal(join(root, 'nothing')), /no \.eml file/);
  assert.match(await refusal(join(root, 'pipe')), /neither a file nor a folder/);
  assert.match(await refusal(file('photo', '\x89PNG\r\n')), /neither an mbox nor a message/);
  const tar = `Maildir/cur/1.host:2,${'\0'.repeat(236)}ustar\x0000`;
  assert.match(
    await refusal(file('box.tar', tar)),
    /box\.tar is an archive: unpack it .*"Archives"/,
  );
  assert.match(await refusal(file('box.eml', 'PK\x03\x04')), /is an archive/);
  assert.match(await refusal(file('m', 'A: b\n\n'), 'maildir'), /is a file, not a Maildir/);
  assert.match(await refusal(root, 'mbox'), /is a folder, not an mbox/);
});

test('a file that cannot be read when its turn comes is skipped', async () => {
  file('box/a.eml', 'A: b\n\n');
  const second = file('box/b.eml', 'A: b\n\n');
  const source = await openSource(join(root, 'box'), { messageOctetsMax: 1000 });
  const found: Found[] = [];
  for await (const one of source.messages()) {
    found.push(one);
    rmSync(second, { force: true });
  }
  assert.deepEqual(brief(found)[1], ['unreadable', 'box/b.eml']);
});
