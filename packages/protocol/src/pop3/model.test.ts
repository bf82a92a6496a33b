/**
 * Sessions against a plain model of RFC 1939: a list of messages and a set of marks. Commands are
 * made at random and sent in random pieces; every reply must be the model's.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemoryMaildrop, type MemoryMessage, messageOf } from './testing/memory-maildrop.ts';
import { SessionDriver } from './testing/session-driver.ts';

/** The maildrop as RFC 1939 describes it. */
interface Model {
  readonly messages: readonly MemoryMessage[];
  marks: Set<number>;
  over: boolean;
}

interface Real {
  readonly session: SessionDriver;
  readonly maildrop: MemoryMaildrop;
}

/** The messages that are not marked, with their numbers. */
function live(model: Model): { number: number; message: MemoryMessage }[] {
  return model.messages
    .map((message, i) => ({ number: i + 1, message }))
    .filter(({ number }) => !model.marks.has(number));
}

function totals(model: Model): { count: number; octets: number } {
  const rest = live(model);
  return { count: rest.length, octets: rest.reduce((sum, one) => sum + one.message.octets, 0) };
}

function uidlOf(message: MemoryMessage): string {
  return message.uidl ?? Buffer.from(message.identity).toString('base64');
}

/** What TOP sends: header, blank line, some lines of the body. */
function beginningOf(message: MemoryMessage, bodyLines: number): string {
  const [header, ...rest] = message.wire.split('\r\n\r\n');
  if (message.wire.startsWith('\r\n')) {
    const body = message.wire.slice(2).split(/(?<=\r\n)/);
    return `\r\n${body.slice(0, bodyLines).join('')}`;
  }
  if (rest.length === 0) return `${header}\r\n`;
  const body = rest.join('\r\n\r\n').split(/(?<=\r\n)/);
  return `${header}\r\n\r\n${body.slice(0, bodyLines).join('')}`;
}

/** One line of the client, and the model's answer to it. */
class Line implements fc.Command<Model, Real> {
  readonly text: string;
  readonly answer: (model: Model) => string;

  constructor(text: string, answer: (model: Model) => string) {
    this.text = text;
    this.answer = answer;
  }

  check(model: Readonly<Model>): boolean {
    return !model.over;
  }

  run(model: Model, real: Real): void {
    const expected = this.answer(model);
    const cut = Math.floor(this.text.length / 2);
    const said = real.session.send(this.text.slice(0, cut));
    assert.equal(said + real.session.send(`${this.text.slice(cut)}\r\n`), expected);
    assert.equal(real.session.session.marked, model.marks.size);
    if (!model.over) assert.deepEqual(real.maildrop.messages, model.messages);
  }

  toString(): string {
    return this.text;
  }
}

/** The answer about one message, if there is one under the number. */
function about(number: number, answer: (message: MemoryMessage, model: Model) => string) {
  return (model: Model): string => {
    const message = model.messages[number - 1];
    if (message === undefined) return '-ERR no such message\r\n';
    if (model.marks.has(number)) return '-ERR message is already deleted\r\n';
    return answer(message, model);
  };
}

function maildropHas(model: Model): string {
  const { count, octets } = totals(model);
  return `+OK maildrop has ${count} messages (${octets} octets)\r\n`;
}

function stat(model: Model): string {
  const { count, octets } = totals(model);
  return `+OK ${count} ${octets}\r\n`;
}

function listAll(model: Model): string {
  const { count, octets } = totals(model);
  const lines = live(model).map(({ number, message }) => `${number} ${message.octets}\r\n`);
  return `+OK ${count} messages (${octets} octets)\r\n${lines.join('')}.\r\n`;
}

function uidlAll(model: Model): string {
  const lines = live(model).map(({ number, message }) => `${number} ${uidlOf(message)}\r\n`);
  return `+OK\r\n${lines.join('')}.\r\n`;
}

function quit(model: Model): string {
  model.over = true;
  if (model.marks.size === 0) return '+OK Poplar signing off\r\n';
  return `+OK Poplar signing off (${model.marks.size} messages deleted)\r\n`;
}

function rset(model: Model): string {
  model.marks = new Set();
  return maildropHas(model);
}

const number = fc.nat(7);
const commands = [
  fc.constant(new Line('STAT', stat)),
  fc.constant(new Line('LIST', listAll)),
  fc.constant(new Line('UIDL', uidlAll)),
  fc.constant(new Line('NOOP', () => '+OK\r\n')),
  fc.constant(new Line('RSET', rset)),
  fc.constant(new Line('QUIT', quit)),
  number.map(
    (n) =>
      new Line(
        `LIST ${n}`,
        about(n, ({ octets }) => `+OK ${n} ${octets}\r\n`),
      ),
  ),
  number.map(
    (n) =>
      new Line(
        `uidl 0${n}`,
        about(n, (one) => `+OK ${n} ${uidlOf(one)}\r\n`),
      ),
  ),
  number.map(
    (n) =>
      new Line(
        `RETR ${n}`,
        about(n, (one) => `+OK ${one.octets} octets\r\n${one.wire}.\r\n`),
      ),
  ),
  fc.tuple(number, fc.nat(5)).map(
    ([n, k]) =>
      new Line(
        `TOP ${n} ${k}`,
        about(n, (one) => `+OK\r\n${beginningOf(one, k)}.\r\n`),
      ),
  ),
  number.map(
    (n) =>
      new Line(
        `DELE ${n}`,
        about(n, (_, model) => {
          model.marks.add(n);
          return `+OK message ${n} deleted\r\n`;
        }),
      ),
  ),
];

const bodyLine = fc.constantFrom('', '.', '..', '.x', 'text', 'long '.repeat(30));
const message = fc
  .tuple(fc.constantFrom('', 'Subject: x\n', '.odd\nTo: y\n'), fc.array(bodyLine), fc.boolean())
  .map(([header, body, hasBody]) =>
    messageOf(
      hasBody || header === '' ? `${header}\n${body.map((text) => `${text}\n`).join('')}` : header,
    ),
  );

test('property: a session answers as the model does, and removes what the model marked', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.integer({ min: 1, max: 80 }),
      fc.commands(commands, { maxCommands: 40 }),
      (messages, pieceOctets, lines) => {
        const maildrop = new MemoryMaildrop(messages);
        const accounts = new Map([['u', { secret: 'p', maildrop }]]);
        const session = new SessionDriver({ accounts, pieceOctets });
        const model: Model = { messages, marks: new Set(), over: false };
        const said = session.send('USER u\r\nPASS p\r\n');
        assert.equal(said, `+OK send PASS\r\n${maildropHas(model)}`);
        fc.modelRun(() => ({ model, real: { session, maildrop } }), lines);
        const rest = model.over ? live(model).map((one) => one.message) : messages;
        assert.deepEqual(maildrop.messages, rest);
      },
    ),
    { numRuns: 300 },
  );
});
