/**
 * The level of a node's log, changed while it runs: all its threads follow, a node that is not named does not, a
 * worker that is started anew keeps it, a reload does not end it, and its time does.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { auditOf, endLogLevels } from '../support/accidents.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { poplar, runPoplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { evaluateInWorker, inspectable } from '../support/worker-inspector.ts';

let database: TestDatabase;
let node: RunningNode;
let other: RunningNode;

before(async () => {
  database = await openTestDatabase();
  const started = (name: string) =>
    startNode({
      databaseUrl: database.url,
      workers: 2,
      environment: { POPLAR_NODE_NAME: name, ...inspectable },
    });
  node = await started('loud');
  other = await started('quiet');
});
after(async () => {
  await Promise.all([node.stop(), other.stop()]);
  await database.drop();
});

/** Clients come and go without a login until each worker had one. Answers the workers of whom a line was written. */
async function debugWorkers(of: RunningNode): Promise<number[]> {
  const begin = of.log().length;
  for (let clients = 0; clients < 40; clients += 1) {
    const client = await Pop3Client.connect({ port: of.pop3 });
    await client.quit();
  }
  await eventually(async () => {
    const answer = await fetch(`http://127.0.0.1:${of.ops}/metrics`);
    assert.match(await answer.text(), /^poplar_connections\{listener="pop3"\} 0$/m);
  });
  const lines = of.log().slice(begin).split('\n');
  const debug = lines.filter((line) => line.includes('"level":"debug"'));
  return [...new Set(debug.map((line) => Number(JSON.parse(line).worker)))].sort();
}

const bothWorkers = () =>
  eventually(async () => assert.deepEqual(await debugWorkers(node), [0, 1]), 20_000, 500);
const nobody = () =>
  eventually(async () => assert.deepEqual(await debugWorkers(node), []), 20_000, 500);

test('both workers log at the level that was ordered until it is withdrawn', async () => {
  assert.deepEqual(await debugWorkers(node), []);
  const said = await poplar(database.url, ['node', 'log-level', 'loud', 'debug']);
  assert.match(
    said,
    /^node loud logs at debug, within a few seconds, until: poplar node log-level/,
  );
  await bothWorkers();
  assert.deepEqual(await debugWorkers(other), [], 'the other node was not told');
  const told = /"level":"warn".*"role":"main".*"this node was told to log at this level"/;
  await eventually(() => assert.match(node.log(), told));
  node.signal('SIGHUP');
  await eventually(() => assert.match(node.log(), /settings reloaded/));
  await bothWorkers();
  await poplar(database.url, ['node', 'log-level', 'loud', 'configured']);
  await nobody();
  await eventually(() => assert.match(node.log(), /"the log is what the settings say again"/));
  assert.deepEqual(await auditOf(database, 'loud'), [
    'node.log-level by command',
    'node.log-level by command',
  ]);
});

test('a level for a time ends by itself, and a worker that is started anew has it meanwhile', async () => {
  const argv = ['node', 'log-level', 'loud', 'debug', '--for', '10m', '--json'];
  const { level, until } = JSON.parse(await poplar(database.url, argv));
  assert.equal(level, 'debug');
  const minutes = (Date.parse(until) - Date.now()) / 60_000;
  assert.ok(minutes > 8 && minutes < 11, `${minutes}`);
  await bothWorkers();
  await evaluateInWorker(node, 'pop3 1', 'process.exit(3)');
  await eventually(() => assert.match(node.log(), /"worker replaced"/), 15_000);
  await bothWorkers();
  await endLogLevels(database);
  await nobody();
  const shown = await poplar(database.url, ['node', 'log-level', 'loud']);
  assert.equal(shown, 'node loud logs as its settings say\n');
});

test('what is no node or no level changes nothing', async () => {
  const unknown = await runPoplar(database.url, ['node', 'log-level', 'nowhere', 'debug']);
  assert.deepEqual([unknown.code, unknown.err], [1, 'poplar: there is no node nowhere\n']);
  for (const words of [['shout'], ['debug', '--for', '30s'], ['configured', '--for', '5m']]) {
    const { code } = await runPoplar(database.url, ['node', 'log-level', 'loud', ...words]);
    assert.equal(code, 2, words.join(' '));
  }
  assert.equal((await database.store.cluster.logLevel('loud')).level, null);
});
