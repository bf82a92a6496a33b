/**
 * Archives at every cut, as other programs make them, and as nobody should: names that lead elsewhere, sizes that
 * are not true, what is no file (V95, V96).
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { copiedBy } from '../testing/copied-octets.ts';
import { archiveHeaderOctetsMax } from './limits.ts';
import { type MailEntry, MailStreamError } from './mail-entry.ts';
import { maildirEntries, uidlRecord } from './maildir-entries.ts';
import { TarReader } from './tar-reader.ts';
import { type TarFile, tarEnd, tarFile } from './tar-writer.ts';

const when = Date.UTC(2026, 10, 24, 8);
const letter = Buffer.from('A: b\n\nc\n');

function archive(...files: readonly (Partial<TarFile> & { readonly name: string })[]): Buffer {
  const parts = files.flatMap((file) => tarFile({ modifiedMs: when, content: letter, ...file }));
  return Buffer.concat([...parts, tarEnd()]);
}

/** A header whose sum is true, whatever else of it is not. */
function signed(header: Buffer): Buffer {
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, octet) => total + octet, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function changed(bytes: Buffer, change: (header: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  const header = copy.subarray(0, 512);
  change(header);
  signed(header);
  return copy;
}

async function entriesIn(bytes: Buffer, cut = bytes.length, messageOctetsMax = 1_000) {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
  }
  const found: MailEntry[] = [];
  for await (const some of maildirEntries(pieces(), { messageOctetsMax })) found.push(...some);
  return found;
}

/** What it is, in one word or its UIDL and its text. */
function told(entry: MailEntry): string {
  if (entry.kind === 'skipped') return entry.reason;
  return `${entry.uidl} ${Buffer.from(entry.content).toString('latin1')}`;
}

const toldIn = async (bytes: Buffer) => (await entriesIn(bytes)).map(told);
const refused = (bytes: Buffer, reason: RegExp) =>
  assert.rejects(entriesIn(bytes), (error) => {
    assert.ok(error instanceof MailStreamError);
    assert.match(error.message, reason);
    return true;
  });

test('a Maildir, at every cut: UIDLs of its list, dates to the millisecond, nothing of folders below', async () => {
  const list = '3 V7 N3\n1 :1.a:2,S\n2 Pown :2.b\n';
  const bytes = archive(
    { name: 'mail/dovecot-uidlist', content: Buffer.from(list) },
    { name: './mail/cur/1.a:2,RS', modifiedMs: when + 123 },
    { name: 'mail/new/2.b' },
    { name: 'mail/new/3.c', content: Buffer.from('X-UIDL: x3\n\n') },
    { name: 'mail/.Sent/cur/4.d' },
    { name: 'mail/tmp/5.e' },
    { name: 'mail/cur/.hidden' },
  );
  const whole = await entriesIn(bytes);
  assert.deepEqual(whole.map(told), [
    `0000000100000007 ${letter}`,
    `own ${letter}`,
    'x3 X-UIDL: x3\n\n',
  ]);
  const [first] = whole;
  assert.ok(first?.kind === 'message');
  assert.equal(first.receivedAt?.getTime(), when + 123);
  for (let cut = 1; cut < 1_100; cut += 7) assert.deepEqual(await entriesIn(bytes, cut), whole);
});

test('a UIDL of its own record goes before the list and the header; an empty one is none', async () => {
  const content = Buffer.from('X-UIDL: header\n\n');
  const record = (uidl: string) => ({ records: { [uidlRecord]: uidl }, content });
  const files = [
    { name: 'new/1', ...record('given') },
    { name: 'new/2', ...record('') },
    { name: 'new/3', ...record('two words') },
    { name: 'new/4', content },
  ];
  const uidls = (await entriesIn(archive(...files))).map((one) =>
    one.kind === 'message' ? one.uidl : one.reason,
  );
  assert.deepEqual(uidls, ['given', null, null, 'header']);
});

test('GNU tar in its formats: long names, times, links', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'poplar-tar-'));
  try {
    const long = `1.${'x'.repeat(180)}`;
    mkdirSync(join(folder, 'cur'));
    writeFileSync(join(folder, 'cur', long), letter);
    writeFileSync(join(folder, 'cur/2.b'), '');
    symlinkSync('/etc/passwd', join(folder, 'cur/3.c'));
    for (const format of ['gnu', 'posix', 'ustar']) {
      if (format === 'ustar') rmSync(join(folder, 'cur', long));
      const bytes = execFileSync('tar', [
        '-C',
        folder,
        '-c',
        '--sort=name',
        `--format=${format}`,
        'cur',
      ]);
      const expected = ['empty', 'not-a-file'];
      const all = format === 'ustar' ? expected : [`null ${letter}`, ...expected];
      assert.deepEqual(await toldIn(bytes), all, format);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a name is a label: one that leads elsewhere is left out and told, or is where it says', async () => {
  const names = ['../new/1', 'new/../../new/2', '/etc/new/3', 'new/a..%2f4', 'a/../cur/5'];
  const files = names.map((name) => ({ name }));
  assert.deepEqual(await toldIn(archive(...files)), [
    'not-a-message',
    'not-a-message',
    `null ${letter}`,
    `null ${letter}`,
    'not-a-message',
  ]);
  const nul = tarFile({
    name: 'x',
    modifiedMs: when,
    content: letter,
    records: { path: 'new/a\0b' },
  });
  assert.deepEqual(await toldIn(Buffer.concat([...nul, tarEnd()])), ['not-a-message']);
});

test('what is no file is told: links, devices, sparse files, which are never unfolded', async () => {
  const [header = new Uint8Array(0)] = tarFile({
    ...{ name: 'new/1', modifiedMs: when, content: new Uint8Array(0) },
  });
  for (const type of ['1', '2', '3', '4', '6', 'S', 'Z']) {
    const bytes = changed(Buffer.from(header), (block) => block.write(type, 156, 'latin1'));
    assert.deepEqual(await toldIn(Buffer.concat([bytes, tarEnd()])), ['not-a-file'], type);
  }
  const sparse = { 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '10000000000' };
  assert.deepEqual(await toldIn(archive({ name: 'new/2', records: sparse })), ['not-a-file']);
});

test('sizes that are not true: refused, or the next header is none', async () => {
  const one = archive({ name: 'new/1' });
  const sized = (size: string) => changed(one, (header) => header.write(size, 124, 'latin1'));
  await refused(sized('00000000000 '), /a header of the archive is wrong/);
  await refused(sized('00000004000 '), /breaks off/);
  await refused(sized('77777777777 '), /breaks off/);
  await refused(sized('-0000000001 '), /has no size/);
  await refused(sized('0000000009x '), /has no size/);
  const huge = changed(one, (header) => header.fill(0xff, 124, 136));
  await refused(huge, /no size|too large/);
  const records = (size: string) => archive({ name: 'new/1', records: { size } });
  await refused(records('99999999999999999999'), /no size/);
  await refused(records('70368744177665'), /too large/);
  await refused(records('-1'), /no size/);
});

test('extensions that are too large or wrong are refused', async () => {
  const records = { comment: 'x'.repeat(archiveHeaderOctetsMax) };
  await refused(archive({ name: 'new/1', records }), /too large/);
  const wrong = (text: string) => {
    const bytes = archive({ name: 'new/1', records: { comment: 'x'.repeat(40) } });
    bytes.write(text, 512, 'latin1');
    return bytes;
  };
  for (const text of ['99999 comment=', '0 comment=', 'x', '7 comment', '-1 comment=']) {
    await refused(wrong(text), /an extension of the archive is wrong/);
  }
});

test('an archive that breaks off, or is none, is refused', async () => {
  const bytes = archive({ name: 'new/1' }, { name: 'new/2' });
  for (let end = 0; end <= bytes.length - 1024; end += 64) {
    await refused(bytes.subarray(0, end), /breaks off|wrong/);
  }
  await refused(Buffer.alloc(2_000, 'From ann'), /a header of the archive is wrong/);
  await refused(archive({ name: 'letters/1.eml' }), /neither cur nor new/);
  const late = archive(
    { name: 'new/1' },
    { name: 'dovecot-uidlist', content: Buffer.from('3 V1 N1\n') },
  );
  await refused(late, /must come before the messages/);
  const list = archive(
    { name: 'dovecot-uidlist', content: Buffer.from('nonsense\n') },
    { name: 'new/1' },
  );
  await refused(list, /first line of dovecot-uidlist/);
});

test('what is too large is read past: no more in memory than one message', async () => {
  const large = { name: 'new/1', content: Buffer.alloc(100_000, 'x') };
  const bytes = archive(large, { name: 'new/2' });
  assert.deepEqual(await toldIn(bytes), ['too-large', `null ${letter}`]);
});

test('a time that cannot be is none, and what comes behind it is read', async () => {
  const [, header = Buffer.alloc(512)] = [0, archive({ name: 'new/1' })];
  const timed = (write: (block: Buffer) => void) => changed(header, write);
  const before1970 = timed((block) => {
    block.fill(0xff, 136, 148);
    block[147] = 0x80;
  });
  const farAway = timed((block) => {
    block[136] = 0x80;
    block.fill(0xff, 137, 148);
  });
  const beyondDate = timed((block) => {
    block.fill(0, 136, 148);
    block[136] = 0x80;
    block.fill(0x20, 141, 148);
  });
  const octal = (text: string) =>
    timed((block) => block.write(text.padEnd(12, '\0'), 136, 'latin1'));
  const pax = (mtime: string) => archive({ name: 'new/1', records: { mtime } });
  const hex = ['-5.5', '1e400', '0x10', '', ' ', 'NaN', 'Infinity', '9'.repeat(40), '253402300801'];
  const broken = [
    ...[before1970, farAway, beyondDate],
    ...['-1', '7777x', '99', '1 2', '0'].map(octal),
    ...hex.map(pax),
  ];
  for (const [index, bytes] of broken.entries()) {
    const both = Buffer.concat([bytes.subarray(0, -1024), archive({ name: 'new/2' })]);
    const entries = await entriesIn(both);
    const dates = entries.map((one) => (one.kind === 'message' ? one.receivedAt : one.reason));
    assert.deepEqual(dates, [null, new Date(when)], String(index));
  }
});

test('times that can be are kept to the millisecond, also beyond what octal digits say', async () => {
  const last = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
  for (const modifiedMs of [1, 999, when + 1, Date.UTC(2242, 5, 1), Date.UTC(2300, 0, 1), last]) {
    const [entry] = await entriesIn(archive({ name: 'new/1', modifiedMs }));
    assert.equal(entry?.kind === 'message' && entry.receivedAt?.getTime(), modifiedMs);
  }
  for (const modifiedMs of [-1, -1500, -86_400_000, 0, last + 1]) {
    const [entry] = await entriesIn(archive({ name: 'new/1', modifiedMs }));
    assert.equal(entry?.kind === 'message' && entry.receivedAt, null, String(modifiedMs));
  }
});

test('an archive that comes octet by octet costs no more copies than its octets', () => {
  const large = { name: 'new/large', content: Buffer.alloc(512 * 1024, 'a line\n') };
  const small = Array.from({ length: 500 }, (_, at) => ({ name: `new/${at}` }));
  const bytes = archive(...small, large);
  const found: number[] = [];
  const { octets, piecesMax } = copiedBy(() => {
    const reader = new TarReader(() => 1024 * 1024);
    for (let at = 0; at < bytes.length; at += 1) {
      for (const { content } of reader.push(bytes.subarray(at, at + 1))) {
        found.push(content?.length ?? 0);
      }
    }
    reader.finish();
  });
  assert.deepEqual(found, [...small.map(() => letter.length), large.content.length]);
  assert.ok(octets <= 2 * bytes.length, `${octets} octets of ${bytes.length}`);
  assert.ok(piecesMax <= 64, `${piecesMax} pieces`);
});

test('property: any octets are read without another error than the one that says so', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.boolean(), (octets, isSigned) => {
      const bytes = Buffer.from(octets);
      if (isSigned && bytes.length >= 512) signed(bytes.subarray(0, 512));
      try {
        const reader = new TarReader(() => 1_000);
        reader.push(bytes);
        reader.finish();
      } catch (error) {
        assert.ok(error instanceof MailStreamError, String(error));
      }
    }),
  );
});
