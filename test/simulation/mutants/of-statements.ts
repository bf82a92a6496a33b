/**
 * What the database would do if a statement said something else: changes of the model, which stands for
 * the texts. One thing is wrong at a time, and each must be found by the simulation.
 *
 * `find` is there exactly once, or the run fails: a mutant that changes nothing proves nothing.
 */

import type { Mutant } from '../sweep.ts';

const mail = 'test/simulation/database/mail-statements.ts';
const locks = 'test/simulation/database/lock-statements.ts';

const ofMail: readonly Mutant[] = [
  {
    name: 'flag_messages does not compare the token',
    file: mail,
    find: `  if (tx.see(lockRow)?.token !== token) return [];
  yield* tx.lock(lockRow);
  const lock = tx.newest(lockRow);
  if (lock?.token !== token) return [];`,
    replace: `  yield* tx.lock(lockRow);
  const lock = tx.newest(lockRow);
  if (lock === null) return [];`,
  },
  {
    name: 'flag_messages does not look at the lock again when it has waited for it',
    file: mail,
    find: '  const lock = tx.newest(lockRow);\n  if (lock?.token !== token) return [];',
    replace: '  const lock = tx.newest(lockRow);\n  if (lock === null) return [];',
  },
  {
    name: 'flag_messages writes no receipt',
    file: mail,
    find: '  tx.write(receipt, {\n    mailboxId,\n    token,\n    messageIds: flagged',
    replace:
      '  if (tx.snapshot < 0) tx.write(receipt, {\n    mailboxId,\n    token,\n    messageIds: flagged',
  },
  {
    name: 'flag_messages keeps the lock',
    file: mail,
    find: '  tx.write(lockRow, released(lock));\n',
    replace: '',
  },
  {
    name: 'counters are taken from the snapshot',
    file: mail,
    find: '  const drop = tx.newest(row);\n  if (drop === null) return;\n  tx.write(row, {\n    messages:',
    replace:
      '  const drop = tx.see(row);\n  if (drop === null) return;\n  tx.write(row, {\n    messages:',
  },
  {
    name: 'the version stays',
    file: mail,
    find: 'version: drop.version + 1,',
    replace: 'version: drop.version,',
  },
  {
    name: 'confirm_receipt looks without writing',
    file: mail,
    find: '  tx.write(row, { ...receipt });\n',
    replace: '',
  },
  {
    name: 'list_messages shows what is flagged',
    file: mail,
    find: 'if (message !== null && message.deletedAtMs === null) listed.push(message);',
    replace: 'if (message !== null) listed.push(message);',
  },
];

const ofLocks: readonly Mutant[] = [
  {
    name: 'take_locks steals from the living',
    file: locks,
    find: 'return isKnown && !isHeld(tables, tx, lock);',
    replace: 'return isKnown;',
  },
  {
    name: 'take_locks never steals',
    file: locks,
    find: 'return isKnown && !isHeld(tables, tx, lock);',
    replace: 'return isKnown && tx.snapshot < 0;',
  },
  {
    name: 'take_locks does not look again at a row that it has locked',
    file: locks,
    find: 'if (mayTake(tables, tx, tx.newest(row))) free.push(request);',
    replace: 'free.push(request);',
  },
  {
    name: 'take_locks does not look at epochs',
    file: locks,
    find: 'owner.epoch <= lock.ownerEpoch && owner.leaseUntilMs > tx.nowMs;',
    replace: 'owner.leaseUntilMs > tx.nowMs;',
  },
  {
    name: 'take_locks does not ask for the epoch of the asker',
    file: locks,
    find: 'String(owner.epoch) === epoch && ',
    replace: 'epoch !== null && ',
  },
  {
    name: 'take_locks does not compare the credential version',
    file: locks,
    find: 'actor.credentialVersion === request.credentialVersion &&',
    replace: '',
  },
  {
    name: 'read_opened sees the state of before',
    file: locks,
    find: '    const drop = tx.see(tables.maildrop.row(request.mailboxId));',
    replace: '    const drop = tables.maildrop.row(request.mailboxId).at(tx.snapshot - 2);',
  },
  {
    name: 'release_locks does not compare the token',
    file: locks,
    find: `    if (tx.see(row)?.token !== token) continue;
    yield 'step';
    if (!tx.tryLock(row)) continue;
    const lock = tx.newest(row);
    if (lock?.token !== token) continue;
    tx.write(row, released(lock));`,
    replace: `    if (!tx.tryLock(row)) continue;
    const lock = tx.newest(row);
    if (lock === null) continue;
    tx.write(row, released(lock));`,
  },
  {
    name: 'begin_epoch takes back what was stolen',
    file: locks,
    find: `    if (tx.see(row)?.token !== token) continue;
    yield 'step';
    yield* tx.lock(row);
    const lock = tx.newest(row);
    if (lock?.token !== token) continue;
    tx.write(row, { ...lock, ownerEpoch: epoch });`,
    replace: `    yield* tx.lock(row);
    const lock = tx.newest(row);
    if (lock === null) continue;
    tx.write(row, { ...lock, token, ownerId: input.ownerId, ownerEpoch: epoch });`,
  },
];

export const mutantsOfStatements: readonly Mutant[] = [...ofMail, ...ofLocks];
