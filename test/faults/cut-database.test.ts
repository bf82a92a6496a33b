/**
 * The connection between a node and PostgreSQL breaks at every message of the three operations that must
 * not go wrong: `open` at a login, `flag` at QUIT, `deliver` at the end of DATA. Whatever the client is
 * told then agrees with what the database holds, nothing is done by half, and the next client is served.
 *
 * Each place is tried cleanly and with half of the next message, over statements that the connection has
 * prepared and over ones that it has not.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isLocked } from '../support/accidents.ts';
import { type Cut, type CutState, type FramedProxy, framedProxy } from '../support/framed-proxy.ts';
import { LmtpClient } from '../support/lmtp-client.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client, type Pop3Reply } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

/** More than any of the operations has. */
const placesMax = 60;
const servedWithinMs = 20_000;

let database: TestDatabase;
/** Its own way to the database: whether a maildrop is free is asked here. */
let other: RunningNode;
let mailboxes = 0;

function start(databaseUrl: string, name: string): Promise<RunningNode> {
  const environment = { POPLAR_NODE_NAME: name, POPLAR_LOCK_WAIT_MS: '0' };
  return startNode({ databaseUrl, workers: 1, environment });
}

/** A node for each operation, and what is between it and PostgreSQL. */
interface Line {
  readonly node: RunningNode;
  readonly proxy: FramedProxy;
}

const names = ['open', 'flag', 'deliver', 'start'] as const;
const lines = new Map<string, Line>();

before(async () => {
  database = await openTestDatabase();
  await Promise.all(
    names.map(async (name) => {
      const proxy = await framedProxy(database.url);
      lines.set(name, { proxy, node: await start(proxy.url, name) });
    }),
  );
  other = await start(database.url, 'other');
});
after(async () => {
  await other.stop();
  for (const { node, proxy } of lines.values()) {
    await node.stop();
    await proxy.end();
  }
  await database.drop();
});

/** Known when the tests run, not yet when they are named. */
function lineOf(name: (typeof names)[number]): () => Line {
  return () => lines.get(name) ?? assert.fail('not started');
}

function mailboxOfThree(): Promise<TestMailbox> {
  mailboxes += 1;
  return database.addMailbox(`user${mailboxes}@example.org`, maildropNamed('three-messages'));
}

/** A session, or the refusal. */
async function attempt(
  { pop3 }: RunningNode,
  { address }: TestMailbox,
): Promise<{ client: Pop3Client; reply: Pop3Reply }> {
  const client = await Pop3Client.connect({ port: pop3, patienceMs: 40_000 });
  await client.ok(`USER ${address}`);
  return { client, reply: await client.command(`PASS ${testSecret}`) };
}

/** Refusals are those of an outage until it is let in. */
async function session(at: RunningNode, mailbox: TestMailbox): Promise<Pop3Client> {
  return eventually(async () => {
    const { client, reply } = await attempt(at, mailbox);
    if (reply.ok) return client;
    client.destroy();
    assert.ok(reply.code === 'SYS/TEMP' || reply.code === 'IN-USE', `told ${reply.code}`);
    return assert.fail(`told ${reply.code}`);
  }, servedWithinMs);
}

/** Its maildrop is free for anybody, and its own node serves it. */
async function servedAgain({ node }: Line, mailbox: TestMailbox, messages: number): Promise<void> {
  for (const at of [other, node]) {
    const client = await session(at, mailbox);
    assert.equal((await client.listing('UIDL')).length, messages);
    await client.quit();
  }
  await eventually(async () => assert.equal(await isLocked(database, mailbox), false));
}

async function isTaken(lmtp: LmtpClient, recipient: string): Promise<void> {
  for (const line of ['RSET', 'MAIL FROM:<>', `RCPT TO:<${recipient}>`, 'RSET']) {
    const { code } = await lmtp.command(line);
    assert.equal(code, 250, line);
  }
}

interface Places extends Pick<Cut, 'statement' | 'rounds' | 'direction' | 'isTorn'> {
  /** What is cut before, always at the same place. */
  readonly behind?: Cut;
}

/** Does it again and again, cut one message later each time, until there was nothing left to cut. */
async function atEveryMessage(
  { proxy }: Line,
  { behind, ...places }: Places,
  work: (cut: () => CutState) => Promise<void>,
): Promise<string> {
  for (let after = 0; after < placesMax; after += 1) {
    let state: CutState | null = null;
    await work(() => {
      const cut = { ...places, after };
      state = behind === undefined ? proxy.cut(cut) : proxy.cut(behind, cut);
      return state;
    });
    const { met, done, seen }: CutState = state ?? assert.fail('the work asked for no cut');
    assert.ok(met, `nobody asked for ${places.statement}`);
    if (done) continue;
    assert.ok(after > 0, 'nothing was cut');
    return `${after} places among ${seen}`;
  }
  return assert.fail('the operation has no end');
}

/** How the work begins: on connections that have the statements, or on new ones. */
const ways = [
  { how: 'cleanly, prepared', isTorn: false, isFresh: false },
  { how: 'cleanly, not prepared', isTorn: false, isFresh: true },
  { how: 'in its middle, prepared', isTorn: true, isFresh: false },
] as const;

const flagging = { statement: 'flag_messages', rounds: 1, after: 0, isTorn: false } as const;

/** A second connection is lost while the QUIT looks for what became of it (packages/store/src/flagging.ts). */
const lostTwice = [
  {
    what: 'the commit was not heard of, the receipt is looked for',
    first: { ...flagging, direction: 'answer' },
    second: 'confirm_receipt',
  },
  {
    what: 'the statement never came, a receipt is looked for',
    first: { ...flagging, direction: 'request' },
    second: 'confirm_receipt',
  },
  {
    what: 'the statement never came, it is sent again',
    first: { ...flagging, direction: 'request' },
    second: 'flag_messages',
  },
] as const;

/** What a new connection does before any client's work. */
const beginnings = [
  // PostgreSQL is ready after the log-in as well, which has no Sync.
  { what: 'its log-in', statement: 'poplar pop3 start', rounds: { request: 1, answer: 2 } },
  { what: 'the epoch of its locks', statement: 'begin_epoch', rounds: { request: 1, answer: 1 } },
  { what: 'listening', statement: 'listen poplar_lock', rounds: { request: 1, answer: 1 } },
] as const;

function everyWay(
  line: () => Line,
  operation: Pick<Cut, 'statement' | 'rounds'>,
  work: (begin: () => void) => (cut: () => CutState) => Promise<void>,
): void {
  for (const direction of ['request', 'answer'] as const) {
    for (const { how, isTorn, isFresh } of ways) {
      test(`at every message of the ${direction}, ${how}`, async (t) => {
        const begin = (): void => {
          if (isFresh) line().proxy.break('once');
        };
        const places = { ...operation, direction, isTorn };
        t.diagnostic(await atEveryMessage(line(), places, work(begin)));
      });
    }
  }
}

describe('a connection that is cut', { concurrency: 4 }, () => {
  describe('open', { concurrency: 1 }, () => {
    const line = lineOf('open');
    // take_locks, read_opened and list_messages.
    everyWay(line, { statement: 'take_locks', rounds: 3 }, (begin) => async (cut) => {
      const mailbox = await mailboxOfThree();
      begin();
      const state = cut();
      // A line that is down refuses at once, and nothing is asked of the server then.
      let { client, reply } = await attempt(line().node, mailbox);
      await eventually(async () => {
        if (state.met) return;
        assert.deepEqual([reply.ok, reply.code], [false, 'SYS/TEMP']);
        client.destroy();
        ({ client, reply } = await attempt(line().node, mailbox));
        assert.ok(state.met, 'the line does not come back');
      }, servedWithinMs);
      if (reply.ok) {
        // What it says is true: it has the maildrop, or learns that it has not.
        assert.equal((await client.listing('UIDL')).length, 3);
        await client.ok('DELE 2');
        const quit = await client.command('QUIT');
        const left = (await database.visible(mailbox)).length;
        if (quit.ok) assert.equal(left, 2);
        else assert.deepEqual([quit.code, left], ['SYS/TEMP', 3]);
        client.destroy();
        return servedAgain(line(), mailbox, left);
      }
      assert.equal(reply.code, 'SYS/TEMP', 'an outage, not a wrong password or another session');
      client.destroy();
      return servedAgain(line(), mailbox, 3);
    });
  });

  describe('flag', { concurrency: 1 }, () => {
    const line = lineOf('flag');
    const quitIsDone = async (begin: () => void, cut: () => CutState): Promise<void> => {
      const mailbox = await mailboxOfThree();
      const ids = await database.visible(mailbox);
      begin();
      const client = await session(line().node, mailbox);
      await client.ok('DELE 1');
      await client.ok('DELE 3');
      const state = cut();
      const reply = await client.command('QUIT');
      // A connection was lost and the lock was not: the receipt tells, so there is no excuse.
      assert.deepEqual([reply.ok, reply.code], [true, null], `after ${state.seen}`);
      assert.deepEqual(await database.visible(mailbox), [ids[1]]);
      assert.deepEqual(await database.flagged(mailbox), [ids[0], ids[2]], 'once');
      client.destroy();
      await servedAgain(line(), mailbox, 1);
    };
    everyWay(line, { statement: 'flag_messages', rounds: 1 }, (begin) => async (cut) => {
      // The connection before was lost: the one that is there now learns the statement.
      const first = await session(line().node, await mailboxOfThree());
      await first.ok('DELE 1');
      await first.quit();
      await quitIsDone(begin, cut);
    });

    for (const { what, first, second } of lostTwice) {
      for (const direction of ['request', 'answer'] as const) {
        test(`${what}, and at every message of its ${direction}`, async (t) => {
          const places = { statement: second, rounds: 1, direction, isTorn: false };
          const work = (cut: () => CutState): Promise<void> => quitIsDone(() => undefined, cut);
          t.diagnostic(await atEveryMessage(line(), { ...places, behind: first }, work));
        });
      }
    }
  });

  describe('deliver', { concurrency: 1 }, () => {
    const line = lineOf('deliver');
    everyWay(line, { statement: 'deliver_message', rounds: 1 }, (begin) => async (cut) => {
      const boxes = [await mailboxOfThree(), await mailboxOfThree()];
      begin();
      const mail = {
        from: 'a@example.net',
        to: boxes.map(({ address }) => address),
        content: 'Subject: cut\r\n\r\nx\r\n',
      };
      const lmtp = await LmtpClient.connect({ port: line().node.lmtp, patienceMs: 40_000 });
      // Recipients are looked for on a line that may be down as well; one of two would be refused then.
      for (const to of mail.to) await eventually(() => isTaken(lmtp, to), servedWithinMs);
      const state = cut();
      let codes: number[] = [];
      await eventually(async () => {
        codes = (await lmtp.deliver(mail)).map(({ code }) => code);
        // RCPT may have been refused by a line that was down.
        assert.ok(state.met, `told ${codes}`);
      }, servedWithinMs);
      const stored = async (): Promise<number[]> => {
        const ids = await Promise.all(boxes.map((box) => database.visible(box)));
        return ids.map(({ length }) => length - 3);
      };
      const isAcknowledged = codes[0] === 250;
      const code = isAcknowledged ? 250 : 451;
      assert.deepEqual(codes, [code, code], `after ${state.seen}`);
      // The server may be at it still: what it has heard with a Sync it does, and nothing else.
      const copies = state.synced ? 1 : 0;
      await eventually(async () => assert.deepEqual(await stored(), [copies, copies]));
      if (isAcknowledged) assert.equal(copies, 1);
      // The sender comes again, and may be the cause of a second copy, never of a loss.
      else await eventually(() => lmtp.delivered(mail), servedWithinMs);
      await lmtp.quit();
      const all = isAcknowledged ? 1 : copies + 1;
      for (const box of boxes) await servedAgain(line(), box, 3 + all);
    });
  });

  describe('the start of a connection', { concurrency: 1 }, () => {
    const line = lineOf('start');
    // The first one is the name that a worker has at the server: its log-in, and its settings.
    for (const { what, statement, rounds } of beginnings) {
      test(`at every message of ${what}: the node comes back by itself`, async (t) => {
        const mailbox = await mailboxOfThree();
        for (const direction of ['request', 'answer'] as const) {
          for (const isTorn of [false, true]) {
            const places = { statement, rounds: rounds[direction], direction, isTorn };
            const said = await atEveryMessage(line(), places, async (cut) => {
              const state = cut();
              line().proxy.break('once');
              await eventually(async () => assert.ok(state.done || state.over), servedWithinMs);
              await (await session(line().node, mailbox)).quit();
            });
            t.diagnostic(`${direction}: ${said}`);
          }
        }
        await servedAgain(line(), mailbox, 3);
        assert.equal(await metric(line().node, 'poplar_worker_restarts_total'), 0);
      });
    }
  });
});
