/**
 * `poplar top` beside a real node that has traffic: the rates that it prints are those of what clients did, and
 * a node that tells nothing of itself is shown as silent.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropFigures } from '../support/accidents.ts';
import { LmtpClient } from '../support/lmtp-client.ts';
import { lines } from '../support/messages.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { runPoplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

let database: TestDatabase;
let node: RunningNode;
let mailbox: TestMailbox;

before(async () => {
  database = await openTestDatabase();
  const environment = { POPLAR_NODE_NAME: 'first' };
  node = await startNode({ databaseUrl: database.url, workers: 2, environment });
  mailbox = await database.addMailbox('ann@example.org');
});
after(async () => {
  await node.stop();
  await database.drop();
});

/** One message in, one session that takes it and removes it. */
async function once(): Promise<void> {
  const lmtp = await LmtpClient.connect({ port: node.lmtp });
  const content = lines('Subject: x', '', 'y'.repeat(400));
  await lmtp.delivered({ from: 'a@example.net', to: [mailbox.address], content });
  await lmtp.quit();
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(mailbox.address, testSecret);
  await client.content('RETR 1');
  await client.ok('DELE 1');
  await client.quit();
}

async function refused(): Promise<void> {
  const stranger = await Pop3Client.connect({ port: node.pop3 });
  await stranger.ok(`USER ${mailbox.address}`);
  assert.equal((await stranger.command('PASS wrong')).ok, false);
  stranger.destroy();
}

test('a line for each look, with the rates of what clients did, and an end after the last', async () => {
  const looks = 11;
  const watching = runPoplar(database.url, `top --json --interval 1s --count ${looks}`.split(' '));
  const state = { isOver: false };
  const watched = watching.finally(() => {
    state.isOver = true;
  });
  let rounds = 0;
  for (; !state.isOver; rounds += 1) {
    await once();
    // Few, and apart: each one makes the next wait.
    if (rounds % 40 === 20 && rounds < 240) await refused();
    await sleep(10);
  }
  const { code, out, err } = await watched;
  assert.deepEqual([code, err], [0, '']);
  const said = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(said.length, looks);
  assert.equal(said[0].rates, null, 'one answer alone makes no rate');
  const some = (name: string) => said.find(({ rates }) => rates !== null && rates[name] > 0);
  for (const name of [
    ...['loginsOpened', 'loginsCredentials', 'messagesRetrieved', 'messagesFlagged'],
    ...['messagesDelivered', 'sentOctets', 'deliveredOctets'],
  ]) {
    const look = some(name);
    assert.ok(look, `${name} in ${out}`);
    assert.equal(look.rates[name], look.nodes[0].rates[name], 'there is one node');
  }
  const { rates } = some('messagesRetrieved');
  assert.ok(rates.sentOctets > rates.messagesRetrieved * 400, 'octets are those of the messages');
  assert.equal(some('loginsDisabled'), undefined);
  assert.deepEqual(await database.visible(mailbox), [], 'all of it was removed');
  // What the node says in the end is what was done here.
  await eventually(async () => {
    const { nodes } = await database.store.cluster.figures();
    const { loginsOpened, messagesFlagged, messagesDelivered } = nodes[0]?.report?.figures ?? {};
    const counted = [loginsOpened, messagesFlagged, messagesDelivered];
    assert.deepEqual(counted, [rounds, rounds, rounds]);
  }, 15_000);
});

test('a node that runs and tells nothing of itself is silent, and has no rates', async () => {
  await dropFigures(database);
  await eventually(
    async () => {
      const { code, out } = await runPoplar(database.url, ['top', '--once']);
      assert.equal(code, 0);
      assert.match(out, /^first +up +0 +\d s ago +silent for 1\d s: what it does is not known$/m);
    },
    25_000,
    500,
  );
  const json = JSON.parse((await runPoplar(database.url, ['top', '--json'])).out);
  assert.deepEqual([json.rates, json.nodes[0].rates], [null, null]);
  assert.ok(json.nodes[0].silentSeconds >= 11);
  const { out } = await runPoplar(database.url, 'top --interval 1s --count 2'.split(' '));
  assert.equal(out.match(/^first +up .* silent for /gm)?.length, 2);
});
