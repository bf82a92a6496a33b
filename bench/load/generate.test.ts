/**
 * The generator as it is run, in processes of its own, against a server that is right and against servers
 * that are wrong in one thing: a bench that cannot fail would measure nothing.
 *
 * Never: a figure asserted that depends on how fast this machine is.
 */

import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { corpusOf } from '../corpus.ts';
import { type Generated, generate } from './generate.ts';
import type { LoadOrder, Task } from './order.ts';

const { mailboxes, content } = corpusOf({ prefix: 'a', count: 2, messages: 3, octets: 6_000 });
const wire = `${content.replace(/(^|\r\n)\./g, '$1..')}.\r\n`;
const list = [1, 2, 3].map((number) => `${number} ${mailboxes.octets}\r\n`).join('');
const uidl = [1, 2, 3].map((number) => `${number} id-${number}\r\n`).join('');

type Answers = Readonly<Record<string, string>>;

/** By the first word of what the client says. */
const right: Answers = {
  USER: '+OK\r\n',
  PASS: '+OK\r\n',
  STAT: `+OK 3 ${3 * mailboxes.octets}\r\n`,
  LIST: `+OK\r\n${list}.\r\n`,
  UIDL: `+OK\r\n${uidl}.\r\n`,
  RETR: `+OK\r\n${wire}`,
  DELE: '+OK\r\n',
  QUIT: '+OK\r\n',
};

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

function serve(socket: Socket, answers: Answers): void {
  let rest = '';
  socket.on('error', () => undefined);
  socket.write('+OK\r\n');
  socket.on('data', (bytes: Buffer) => {
    const lines = (rest + bytes.toString('latin1')).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [verb = ''] = line.split(' ');
      socket.write(answers[verb] ?? '-ERR\r\n');
      if (verb === 'QUIT') socket.end();
    }
  });
}

async function load(task: Task, answers: Answers): Promise<Generated> {
  const server = createServer((socket) => serve(socket, answers));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const pop3 = typeof address === 'object' && address !== null ? address.port : 0;
  const order: Omit<LoadOrder, 'process' | 'processes'> = {
    nodes: [{ pop3, pop3s: 0, lmtp: 0 }],
    secret: 'secret',
    task,
    mailboxes,
    shape: { kind: 'closed' },
    clients: 2,
    warmUpSeconds: 0,
    seconds: 0.1,
    content: '',
  };
  const nothing = (): void => undefined;
  return generate({ order, processes: 2, began: nothing, ended: nothing });
}

const poll: Task = { kind: 'poll', tls: false, pipelined: false };
const pipelinedPoll: Task = { kind: 'poll', tls: false, pipelined: true };
const retrieval: Task = { kind: 'retrieval', tls: false, pipelined: 2 };
const listing: Task = { kind: 'listing' };
const drain: Task = { kind: 'drain', pipelined: 2 };

for (const task of [poll, pipelinedPoll, retrieval, listing]) {
  test(`${JSON.stringify(task)}: a server that is right is measured`, async () => {
    const { operations, octets, latencyMs, cpuSeconds } = await load(task, right);
    assert.ok(operations > 0 && octets > 0 && latencyMs.count > 0 && cpuSeconds > 0);
    assert.ok(latencyMs.p50 > 0 && latencyMs.p50 <= latencyMs.p95);
    assert.ok(latencyMs.p95 <= latencyMs.p99 && latencyMs.p99 <= latencyMs.max);
  });
}

const wrongs: readonly (readonly [string, Task, Answers, RegExp])[] = [
  [
    'an octet is missing in a message',
    retrieval,
    { RETR: `+OK\r\n${wire.replace('Subject: measured', 'Subject: measure')}` },
    /octets instead of/,
  ],
  [
    'an octet is too much in a message',
    drain,
    { RETR: `+OK\r\n${wire.replace('Subject: measured', 'Subject: measuredd')}` },
    /no terminator after/,
  ],
  [
    'a dot of a message is not stuffed',
    retrieval,
    { RETR: `+OK\r\n${wire.replace('\r\n..', '\r\n.')}` },
    /octets instead of/,
  ],
  [
    'a message has no end',
    retrieval,
    { RETR: `+OK\r\n${wire.slice(0, -3)}` },
    /no terminator after/,
  ],
  [
    'LIST lacks a message',
    listing,
    { LIST: `+OK\r\n${list.slice(0, list.length / 3)}.\r\n` },
    /octets instead of/,
  ],
  [
    'LIST says another size',
    listing,
    { LIST: `+OK\r\n${list.replaceAll(String(mailboxes.octets), '9999')}.\r\n` },
    /LIST says 9999 octets/,
  ],
  [
    'UIDL lacks a message',
    poll,
    { UIDL: `+OK\r\n1 id-1\r\n2 id-2\r\n.\r\n` },
    /2 lines instead of 3/,
  ],
  ['STAT lacks a message', pipelinedPoll, { STAT: '+OK 2 100\r\n' }, /was due: \+OK 2 100/],
  ['a login is refused', poll, { PASS: '-ERR [AUTH] no\r\n' }, /not \+OK: -ERR \[AUTH\] no/],
  [
    'QUIT fails',
    drain,
    { QUIT: '-ERR [SYS/TEMP] not removed\r\n' },
    /not \+OK: -ERR \[SYS\/TEMP\]/,
  ],
];

for (const [name, task, answers, reason] of wrongs) {
  test(`${name}: the run fails`, async () => {
    await assert.rejects(load(task, { ...right, ...answers }), reason);
  });
}
