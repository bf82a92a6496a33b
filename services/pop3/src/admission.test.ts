/** Who is let in and who is put out when a worker is full, or an address has its share. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressCounts, Networks } from '@poplar/identity';
import { Admission } from './admission.ts';

class Guest {
  readonly origin: { readonly countedAs: string | null };
  place = -1;
  isStranger = true;
  evicted = false;
  constructor(countedAs: string | null = '192.0.2.1') {
    this.origin = { countedAs };
  }
  evict(): void {
    this.evicted = true;
  }
}

const sharesOf = (connectionsMax: number): AddressCounts =>
  new AddressCounts({
    memory: AddressCounts.allocate(1),
    key: new Uint8Array(32),
    worker: 0,
    connectionsMax,
    exempt: new Networks([]),
  });

test('the stranger who waited longest makes room; who has logged in stays', () => {
  const admission = new Admission<Guest>(3, sharesOf(10));
  const [member, first, second, late] = [new Guest(), new Guest(), new Guest(), new Guest()];
  for (const guest of [member, first, second]) assert.equal(admission.admit(guest), 'admitted');
  admission.authenticated(member);
  assert.equal(admission.admit(late), 'admitted');
  assert.deepEqual(
    [member, first, second, late].map(({ evicted }) => evicted),
    [false, true, false, false],
  );
  assert.deepEqual([...admission.all], [member, second, late]);
  assert.equal(admission.authenticatedCount, 1);
});

test('when all have logged in, the newcomer is refused', () => {
  const admission = new Admission<Guest>(1, sharesOf(10));
  const member = new Guest();
  admission.admit(member);
  admission.authenticated(member);
  assert.equal(admission.admit(new Guest()), 'full');
  admission.release(member);
  assert.equal(admission.admit(new Guest()), 'admitted');
});

test('an address that has its share is refused, and nobody is put out for it', () => {
  const shares = sharesOf(2);
  const admission = new Admission<Guest>(2, shares);
  const [first, second] = [new Guest(), new Guest()];
  admission.admit(first);
  admission.admit(second);
  assert.equal(admission.admit(new Guest()), 'address-full');
  assert.deepEqual([first.evicted, second.evicted], [false, false]);
  const other = new Guest('192.0.2.2');
  assert.equal(admission.admit(other), 'admitted');
  assert.equal(first.evicted, true);
  // As its socket closes afterwards.
  admission.release(first);
  assert.equal(shares.count('192.0.2.1'), 1, 'given back once');
  admission.authenticated(other);
  admission.authenticated(second);
  assert.equal(admission.admit(new Guest()), 'full');
  assert.equal(shares.count('192.0.2.1'), 1, 'who was not let in is not counted');
});

test('who is counted as nobody has no share to use up, and room like anybody', () => {
  const shares = sharesOf(1);
  const admission = new Admission<Guest>(3, shares);
  const own = [new Guest(null), new Guest(null)];
  for (const guest of own) assert.equal(admission.admit(guest), 'admitted');
  assert.equal(admission.admit(new Guest()), 'admitted');
  assert.equal(admission.admit(new Guest()), 'address-full');
  assert.equal(admission.admit(new Guest('192.0.2.2')), 'admitted');
  assert.deepEqual(
    own.map(({ evicted }) => evicted),
    [true, false],
  );
  for (const guest of own) admission.release(guest);
  assert.equal(shares.count('192.0.2.1'), 1);
});
