/**
 * Defects that were there once, put back one at a time: each must be found by the simulation.
 *
 * `find` is there exactly once, or the run fails: a mutant that changes nothing proves nothing.
 */

import type { Mutant } from '../sweep.ts';

const store = 'packages/store/src';
const locks = 'test/simulation/database/lock-statements.ts';

export const defectsOnceThere: readonly Mutant[] = [
  {
    name: 'an epoch that was asked for too early will do',
    file: `${store}/closing.ts`,
    find: 'this.#tooEarly = this.#keeper.asked;',
    replace: 'this.#tooEarly = this.#keeper.settled;',
  },
  {
    name: 'an owner is forgotten with an epoch that could not be begun',
    file: `${store}/lock-keeper.ts`,
    find: 'for (const ownerId of owners) this.#epochs.set(ownerId, null);',
    replace: 'this.#epochs.clear();',
  },
  {
    name: 'begin_epoch counts, whoever asks',
    file: locks,
    find: 'const epoch = Number(input.epoch);',
    replace: 'const epoch = (tx.see(ownerRow)?.epoch ?? 0) + 1;',
  },
  {
    name: 'a QUIT with a lost lock does not release it',
    file: `${store}/store.ts`,
    find: "if (result.kind === 'lock-lost') await this.#closing.close(request.mailboxId, request.token);",
    replace: '',
  },
  {
    name: 'a server that was lost without a word is not missed by workers that ask nothing',
    file: 'test/simulation/cluster/node.ts',
    find: '        if (!isReachable) for (const worker of this.workers) worker.leaseLapsed();\n',
    replace: '',
    also: {
      file: `${store}/lock-questions.ts`,
      find: '    this.#timer = world.every(listenIntervalMs, () => this.#listenAgain());\n',
      replace: '',
    },
  },
];
