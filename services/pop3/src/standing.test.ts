/** Who stands, in which order, and who has been a stranger for longest, while they come and go. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesMin } from './limits.ts';
import { type Standing, StandingList } from './standing.ts';

class Guest implements Standing {
  place = -1;
  isStranger = true;
  readonly number: number;
  constructor(number: number) {
    this.number = number;
  }
}

/** The same, kept in the plainest way. */
class Book {
  readonly list = new StandingList<Guest>();
  standing: Guest[] = [];
  #number = 0;

  come(): void {
    const guest = new Guest(this.#number);
    this.#number += 1;
    this.list.add(guest);
    this.standing.push(guest);
  }

  go(at: number): void {
    const [guest] = this.standing.splice(at % Math.max(1, this.standing.length), 1);
    if (guest === undefined) return;
    assert.equal(this.list.remove(guest), true);
    assert.equal(this.list.remove(guest), false, 'once only');
    this.list.known(guest);
  }

  check(): void {
    const numbers = [...this.list].map(({ number }) => number);
    assert.deepEqual(
      numbers,
      this.standing.map(({ number }) => number),
    );
    const strangers = this.standing.filter(({ isStranger }) => isStranger);
    assert.deepEqual(
      [this.list.size, this.list.strangers, this.list.oldestStranger()?.number],
      [this.standing.length, strangers.length, strangers[0]?.number],
    );
  }
}

test('come, go and log in, in every order, through many moves', () => {
  const book = new Book();
  let seed = 7;
  const next = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let step = 0; step < 20_000; step += 1) {
    // It grows to several times the first size, and shrinks again.
    const wanted = step < 10_000 ? 6 * placesMin : placesMin / 4;
    if (book.standing.length < wanted && next(8) < 5) book.come();
    else book.go(next(1_000));
    const guest = book.standing[next(Math.max(1, book.standing.length))];
    if (guest !== undefined && next(3) === 0) book.list.known(guest);
    if (step % 50 === 0) book.check();
  }
  book.check();
});

test('who leaves while all are walked through is passed over, and nobody twice', () => {
  const book = new Book();
  for (let count = 0; count < placesMin; count += 1) book.come();
  const seen: number[] = [];
  for (const { number } of book.list) {
    seen.push(number);
    // The one at hand, and the one behind it.
    book.go(book.standing.findIndex((guest) => guest.number === number));
    book.go(book.standing.findIndex((guest) => guest.number === number + 1));
  }
  assert.deepEqual(
    seen,
    Array.from({ length: placesMin / 2 }, (_, index) => 2 * index),
  );
  assert.deepEqual([book.list.size, book.list.strangers], [0, 0]);
});
