/** Who is let in and who is put out when a worker is full. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission } from './admission.ts';

class Guest {
  evicted = false;
  evict(): void {
    this.evicted = true;
  }
}

test('the stranger who waited longest makes room; who has logged in stays', () => {
  const admission = new Admission<Guest>(3);
  const [member, first, second, late] = [new Guest(), new Guest(), new Guest(), new Guest()];
  for (const guest of [member, first, second]) assert.equal(admission.admit(guest), true);
  admission.authenticated(member);
  assert.equal(admission.admit(late), true);
  assert.deepEqual(
    [member, first, second, late].map(({ evicted }) => evicted),
    [false, true, false, false],
  );
  assert.deepEqual([...admission.all], [member, second, late]);
  assert.equal(admission.authenticatedCount, 1);
});

test('when all have logged in, the newcomer is refused', () => {
  const admission = new Admission<Guest>(1);
  const member = new Guest();
  admission.admit(member);
  admission.authenticated(member);
  assert.equal(admission.admit(new Guest()), false);
  admission.release(member);
  assert.equal(admission.admit(new Guest()), true);
});
