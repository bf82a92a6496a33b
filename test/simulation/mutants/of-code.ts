/**
 * One thing wrong at a time in the code of the store and of the protocol. Each must be found by the
 * simulation.
 *
 * `find` is there exactly once, or the run fails: a mutant that changes nothing proves nothing.
 */

import type { Mutant } from '../sweep.ts';

const store = 'packages/store/src';
const listingText = 'packages/protocol/src/pop3/listing-text.ts';
const maildropView = 'packages/protocol/src/pop3/maildrop-view.ts';

const ofLocks: readonly Mutant[] = [
  {
    name: 'an abandoned release asks for nothing',
    file: `${store}/closing.ts`,
    find: 'if (this.#renewing || this.#ended.signal.aborted) return;',
    replace: 'return;',
  },
  {
    name: 'a failed open leaves its lock',
    file: `${store}/opening.ts`,
    find: '    for (const { mailboxId, token } of requests) void this.#closing.close(mailboxId, token);\n',
    replace: '    if (requests.length < 0) void this.#closing.end();\n',
  },
  {
    name: 'locks that are just asked for are not taken along',
    file: `${store}/lock-keeper.ts`,
    find: 'epoch: String(this.#number), locks: kept }',
    replace: "epoch: String(this.#number), locks: kept.filter(({ state }) => state === 'live') }",
  },
  {
    name: 'no epoch is begun on a new connection',
    file: `${store}/store.ts`,
    find: '    await this.#keeper.begin(link);\n',
    replace: '',
  },
  {
    name: 'a session that is over is taken along',
    file: `${store}/lock-keeper.ts`,
    find: 'if (locks.delete(token) && locks.size === 0) this.#kept.delete(ownerId);',
    replace: 'if (locks.size === 0 && token !== ownerId) this.#kept.delete(ownerId);',
  },
];

const ofMail: readonly Mutant[] = [
  {
    name: 'snapshots outlive the server they came from',
    file: `${store}/store.ts`,
    find: '    this.#snapshots.clear();\n',
    replace: '',
  },
  {
    name: 'a snapshot is found whatever its version',
    file: `${store}/snapshots.ts`,
    find: 'if (kept?.snapshot.version === version) {',
    replace: 'if (kept !== undefined) {',
  },
  {
    name: 'a QUIT whose answer is lost is taken for done',
    file: `${store}/flagging.ts`,
    find: '      this.unsettled += 1;\n      return this.#settle(request, error);',
    replace: "      this.unsettled += 1;\n      return { kind: 'flagged', messages: 0 };",
  },
  {
    name: 'a QUIT that finds no receipt is not sent again but taken for done',
    file: `${store}/flagging.ts`,
    find: 'then((result) => result ?? this.#flagOrFind(request));',
    replace: "then((result) => result ?? { kind: 'flagged' as const, messages: 0 });",
  },
  {
    name: 'a QUIT does not look for its receipt',
    file: `${store}/flagging.ts`,
    find: "return (await this.#find(request)) ?? { kind: 'lock-lost' };\n  }\n",
    replace: "return { kind: 'lock-lost' };\n  }\n",
  },
  {
    name: 'QUITs and deliveries are committed asynchronously',
    file: `${store}/store.ts`,
    find: 'synchronousCommit: true };',
    replace: 'synchronousCommit: false };',
  },
  {
    name: 'a QUIT does not mind a warning at its commit',
    file: `${store}/statements/flag-messages.ts`,
    find: '  durable: true,\n',
    replace: '',
  },
  {
    name: 'a delivery does not mind a warning at its commit',
    file: `${store}/statements/deliver-message.ts`,
    find: '  durable: true,\n',
    replace: '',
  },
  {
    name: 'a delivery whose answer is lost is made again',
    file: `${store}/delivery.ts`,
    find: 'const copies = await pool.run(isTold ? deliverMessageTold : deliverMessage, {',
    replace: `const deliverAgain = (input) => {
    const guids = deliveries.map(() => world.uuid());
    return pool.run(deliverMessage, input).catch(() => pool.run(deliverMessage, { ...input, guids }));
  };
  const copies = await deliverAgain({`,
  },
  {
    name: 'a UIDL has the position of its message in it',
    file: listingText,
    find: 'return writeBase64(listing.identities.subarray(from, from + identityOctets), target, at);',
    replace: `const made = listing.identities.slice(from, from + identityOctets);
  made[0] = index;
  return writeBase64(made, target, at);`,
  },
  {
    name: 'marked messages are listed',
    file: listingText,
    find: '    if (range.isMarked(index)) continue;\n',
    replace: '',
  },
  {
    name: 'RSET keeps the marks',
    file: maildropView,
    find: '    this.#marks = noMarks;\n    this.#markedCount = 0;\n    this.#markedOctets = 0;',
    replace: '    this.#markedOctets = 0;',
  },
  {
    name: 'the last message that is marked is left out',
    file: maildropView,
    find: '    return indexes;',
    replace: '    return indexes.slice(0, Math.max(1, indexes.length - 1));',
  },
];

export const mutantsOfCode: readonly Mutant[] = [...ofLocks, ...ofMail];
