/** The pump, over real sockets, with a clock that is set by hand. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { type LmtpOutcome, LmtpSession, OctetBudget } from '@poplar/protocol';
import { loadCertificates, loadConfig } from '@poplar/runtime';
import { drainLingerMs } from './limits.ts';
import { type EndReason, LmtpConnection, type LmtpConnectionParts } from './lmtp-connection.ts';
import { StartTls } from './starttls.ts';

const directory = mkdtempSync(join(os.tmpdir(), 'poplar-lmtp-'));
const config = loadConfig({ POPLAR_DATA_DIR: directory }, { file: null });
const startTls = new StartTls(await loadCertificates(config), Buffer.alloc(48));

let server: Server;
before(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

/** A connection with the test's hands on clock, effects and end. */
async function open(options: Partial<LmtpConnectionParts<string>> = {}) {
  let isOver = false;
  const clock = { nowMs: 0 };
  const budget = new OctetBudget(10_000_000);
  const answers: ((outcome: LmtpOutcome<string>) => void)[] = [];
  const ended = Promise.withResolvers<EndReason>();
  const defects: unknown[] = [];
  const accepted = once(server, 'connection');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => {});
  const [socket] = (await accepted) as [Socket];
  const session = new LmtpSession<string>({
    hostname: 'mx',
    messageOctetsMax: 5_000_000,
    budget,
    offerStartTls: true,
  });
  const connection = new LmtpConnection<string>(socket, {
    session,
    perform: (effect) =>
      options.perform?.(effect) ??
      (effect.kind === 'resolve-recipient'
        ? Promise.resolve({ kind: 'accepted', mailbox: effect.address })
        : new Promise((resolve) => answers.push(resolve))),
    startTls,
    nowMs: () => clock.nowMs,
    broke: (error) => defects.push(error),
    ended: (reason) => {
      assert.equal(isOver, false, 'it ended twice');
      isOver = true;
      ended.resolve(reason);
    },
  });
  return {
    defects,
    clock,
    budget,
    answers,
    ended: ended.promise,
    client,
    socket,
    session,
    connection,
  };
}

/** Reads until the text was seen or the other side has ended. */
async function heard(client: Socket, text: string): Promise<string> {
  let said = '';
  while (!said.includes(text) && !client.readableEnded) {
    const chunk: Buffer | null = client.read();
    if (chunk === null) await Promise.race([once(client, 'readable'), once(client, 'close')]);
    else said += chunk.toString('latin1');
    if (client.destroyed) break;
  }
  return said;
}

const toData = 'LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n';
const delivered: LmtpOutcome<string> = { kind: 'delivered', id: 'i', results: ['delivered'] };

test('nothing is acknowledged before the outcome, and pipelined commands wait', async () => {
  const { client, answers, ended } = await open();
  client.write(`${toData}x\r\n.\r\nQUIT\r\n`);
  assert.match(await heard(client, '354'), /354 /);
  await delay(30);
  assert.equal(client.readableLength, 0);
  answers[0]?.(delivered);
  assert.match(await heard(client, 'Bye'), /250 2\.0\.0 <a@b> .*\r\n221 /);
  client.end();
  assert.equal(await ended, 'quit');
});

test('a client that has closed its side is still answered', async () => {
  const { client, answers, ended } = await open();
  client.end(`${toData}x\r\n.\r\n`);
  await heard(client, '354');
  answers[0]?.(delivered);
  assert.match(await heard(client, '250 2.0.0'), /250 2\.0\.0/);
  assert.equal(await ended, 'client-closed');
});

test('a connection lost in a delivery is over only after its outcome', async () => {
  const { client, answers, ended, budget } = await open();
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  client.write(`${toData}x\r\n.\r\n`);
  await heard(client, '354');
  client.resetAndDestroy();
  await delay(30);
  assert.deepEqual([isOver, budget.taken], [false, 8_192]);
  answers[0]?.(delivered);
  await ended;
  assert.equal(budget.taken, 0);
});

test('RFC 5321 §4.5.3.2 silence ends the connection, in commands and in data', async () => {
  for (const [said, limitMs, last] of [
    ['NOOP\r\n', 300_000, '250 2.0.0'],
    [toData, 180_000, '354'],
  ] as const) {
    const { client, clock, connection, ended } = await open();
    client.write(said);
    await heard(client, last);
    clock.nowMs = limitMs;
    connection.sweep();
    // Part of a line does not make a command; data counts as it comes.
    client.write('NO');
    await delay(20);
    clock.nowMs += 1;
    connection.sweep();
    if (said === toData) {
      clock.nowMs += limitMs;
      connection.sweep();
    }
    assert.match(await heard(client, '421'), /^421 4\.4\.2/);
    client.end();
    assert.equal(await ended, 'timeout');
  }
});

test('a client that does not read is not read from, and is cut off', async () => {
  const { client, clock, connection, ended, session, socket } = await open();
  client.pause();
  const line = 'NOOP\r\n'.repeat(10_000);
  let written = 0;
  while (client.write(line) || client.writableLength < 4_000_000) {
    written += line.length;
    if (written > 60_000_000) break;
    await delay(0);
  }
  await delay(50);
  assert.ok(socket.isPaused(), 'input is stopped');
  const pending = socket.writableLength + session.pendingOctets;
  assert.ok(pending > 65_536 && pending <= 256 * 1024, `${pending} octets are pending`);
  clock.nowMs = 60_001;
  connection.sweep();
  assert.equal(await ended, 'write-stall');
});

test('drain sends idle clients away and lets a message end', async () => {
  const idle = await open();
  await heard(idle.client, '220');
  idle.connection.drain();
  assert.match(await heard(idle.client, '421'), /^421 4\.3\.2/);
  idle.client.end();
  assert.equal(await idle.ended, 'shutdown');

  const busy = await open();
  busy.client.write(`${toData}x`);
  await heard(busy.client, '354');
  busy.connection.drain();
  busy.client.write('\r\n.\r\nNOOP\r\n');
  while (busy.answers.length === 0) await delay(5);
  busy.answers[0]?.(delivered);
  assert.match(await heard(busy.client, '421'), /^250 2\.0\.0 .*\r\n421 4\.3\.2/);
  busy.client.end();
  assert.equal(await busy.ended, 'shutdown');
});

test('a drain waits a second for clients that do not close their side, not five', async () => {
  const { client, clock, connection, ended } = await open();
  await heard(client, '220');
  connection.drain();
  await heard(client, '421');
  clock.nowMs = drainLingerMs;
  connection.sweep();
  await delay(20);
  assert.equal(connection.octetsOut > 0 && !client.destroyed, true);
  clock.nowMs = drainLingerMs + 1;
  connection.sweep();
  assert.equal(await ended, 'shutdown');
  client.destroy();
});

test('a client that stays after goodbye is cut off', async () => {
  const { client, clock, connection, ended } = await open();
  client.write('QUIT\r\nNOOP\r\n');
  await heard(client, '221');
  clock.nowMs = 5_001;
  connection.sweep();
  assert.equal(await ended, 'quit');
});

test('RFC 3207 a message by TLS', async () => {
  const { client, answers, ended } = await open();
  client.write('STARTTLS\r\n');
  await heard(client, '220 2.0.0');
  const secured = connectTls({ socket: client, rejectUnauthorized: false });
  await once(secured, 'secureConnect');
  secured.write(`${toData}${'x'.repeat(100_000)}\r\n.\r\nQUIT\r\n`);
  await heard(secured, '354');
  while (answers.length === 0) await delay(5);
  answers[0]?.(delivered);
  assert.match(await heard(secured, '221'), /^250 2\.0\.0 .*\r\n221 /);
  secured.end();
  assert.equal(await ended, 'quit');
});

test('V1 bytes behind STARTTLS end the connection', async () => {
  const { client, ended } = await open();
  client.write('STARTTLS\r\nMAIL FROM:<>\r\n');
  assert.equal(await ended, 'starttls-injection');
});

test('V9 V10 a handshake that stalls or is garbage ends the connection', async () => {
  const stalled = await open();
  stalled.client.write('STARTTLS\r\n');
  await heard(stalled.client, '220 2.0.0');
  stalled.client.write('\x16');
  await delay(20);
  stalled.clock.nowMs = 10_001;
  stalled.connection.sweep();
  assert.equal(await stalled.ended, 'tls-failed');

  const garbage = await open();
  garbage.client.write('STARTTLS\r\n');
  await heard(garbage.client, '220 2.0.0');
  garbage.client.write('MAIL FROM:<a@b>\r\n');
  assert.equal(await garbage.ended, 'tls-failed');
});

test('V1 an injection that is found behind an outcome ends the connection', async () => {
  const { client, ended } = await open();
  client.write('LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nSTARTTLS\r\nMAIL FROM:<>\r\n');
  assert.equal(await ended, 'starttls-injection');
});

type Verb = 'receive' | 'next' | 'resume' | 'upgraded' | 'shutdown' | 'expire' | 'abandon';
type Opened = Awaited<ReturnType<typeof open>>;

function breakSession({ session }: Opened, verb: Verb): void {
  Object.assign(session, {
    [verb]: () => {
      throw new RangeError('a defect');
    },
  });
}

/** For each way into a connection, what makes it throw there. */
const defects: Record<string, (opened: Opened) => void | Promise<void>> = {
  'bytes that arrive': (opened) => {
    breakSession(opened, 'receive');
    opened.client.write('NOOP\r\n');
  },
  'the end of input': (opened) => {
    breakSession(opened, 'next');
    opened.client.end();
  },
  'an outcome': (opened) => {
    breakSession(opened, 'resume');
    opened.client.write(toData);
  },
  'the end of a handshake': async (opened) => {
    opened.client.write('STARTTLS\r\n');
    await heard(opened.client, '220 2.0.0');
    breakSession(opened, 'upgraded');
    connectTls({ socket: opened.client, rejectUnauthorized: false }).on('error', () => {});
  },
  'a deadline': (opened) => {
    breakSession(opened, 'expire');
    opened.clock.nowMs = 300_001;
    opened.connection.sweep();
  },
  'a drain': (opened) => {
    breakSession(opened, 'shutdown');
    opened.connection.drain();
  },
  'its end': (opened) => {
    breakSession(opened, 'abandon');
    opened.client.resetAndDestroy();
  },
};

for (const [name, defect] of Object.entries(defects)) {
  test(`what is thrown at ${name} ends that connection and nothing else`, async () => {
    const opened = await open();
    await heard(opened.client, '220');
    await defect(opened);
    assert.equal(await opened.ended, 'error');
    assert.equal(opened.defects.length, 1);
    assert.ok(opened.defects[0] instanceof RangeError);
  });
}

test('an effect that fails instead of answering gives the memory of its message back', async () => {
  const perform: LmtpConnectionParts<string>['perform'] = async (effect) => {
    if (effect.kind === 'deliver') throw new RangeError('a defect');
    return { kind: 'accepted', mailbox: effect.address };
  };
  const { client, ended, budget, defects: found } = await open({ perform });
  client.write(toData);
  await heard(client, '354');
  client.write('x\r\n');
  while (budget.taken === 0) await delay(5);
  client.write('.\r\n');
  assert.equal(await ended, 'error');
  assert.deepEqual([budget.taken, found.length], [0, 1]);
});
