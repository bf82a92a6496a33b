/**
 * What the page makes of figures: rates out of what nodes count, and words. These modules need no browser.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveryStates, webhookEvents } from '@poplar/store';
import { deliveryStateChoices, eventChoices, scopeChoices } from '../../console/known-names.ts';
import { chartPointsMax } from '../../console/limits.ts';
import { madePassword } from '../../console/made-password.ts';
import { History, Rates } from '../../console/rates.ts';
import {
  exactOctetWords,
  octetsGiven,
  octetWords,
  rateWords,
  secondsWords,
} from '../../console/words.ts';
import { scopes } from '../access/scopes.ts';

const startMs = Date.UTC(2026, 0, 1);

function overview(nodes: Readonly<Record<string, readonly [number, number] | null>>) {
  return {
    nodes: Object.entries(nodes).map(([node, said]) => ({
      node,
      reportedAt: said === null ? null : new Date(startMs + said[0] * 1_000).toISOString(),
      figures: said === null ? null : { logins: said[1] },
    })),
  };
}

test('a rate is the difference of two reports of one node, and those of all nodes are added up', () => {
  const rates = new Rates(['logins']);
  const add = (nodes: Parameters<typeof overview>[0]) => rates.add(overview(nodes))?.get('logins');
  assert.equal(add({ a: [0, 100], b: null }), undefined, 'nothing to be compared yet');
  assert.equal(add({ a: [5, 150], b: [5, 1_000] }), 10);
  assert.equal(add({ a: [5, 150], b: [10, 1_025] }), 15, 'the one of a is still what it was');
  assert.equal(add({ a: [10, 160], b: [10, 1_025] }), 7, '2 of a, 5 of b');
  assert.equal(add({ a: [15, 3], b: [15, 1_025] }), 0, 'a began anew: no rate, and none below 0');
  assert.equal(add({ a: [20, 13] }), 2, 'b is gone, and so is its rate');
  assert.equal(add({ a: [20, 13], c: [20, 9_999] }), 2, 'what c counted before is no rate');
});

test('a chart has as many points as it shows, one for each moment', () => {
  const history = new History();
  for (let second = 0; second < 2 * chartPointsMax; second += 1) {
    history.add(new Date(startMs + second * 1_000), new Map([['x', second]]));
    history.add(new Date(startMs + second * 1_000), new Map([['x', -1]]));
  }
  assert.equal(history.points.length, chartPointsMax);
  assert.equal(history.points.at(-1)?.values.get('x'), 2 * chartPointsMax - 1);
});

test('figures in words', () => {
  const octets = [0, 1_023, 1_024, 1_536, 1_048_576, 5 * 2 ** 30].map(octetWords);
  assert.deepEqual(octets, ['0 B', '1023 B', '1 KiB', '1.5 KiB', '1 MiB', '5 GiB']);
  const rates = [0, 0.001, 0.25, 7.96, 12.34, 999.6, 12_345].map(rateWords);
  assert.deepEqual(rates, ['0', '< 0.01', '0.25', '8', '12.3', '1000', '12,345']);
  const seconds = [0, 0.0025, 1, 119, 120, 7_200, 200_000].map(secondsWords);
  assert.deepEqual(seconds, ['0 s', '2.5 ms', '1 s', '119 s', '2 min', '2 h', '2 days']);
});

test('a password that is made is long, readable, and another one each time', () => {
  const made = new Set(Array.from({ length: 200 }, madePassword));
  assert.equal(made.size, 200);
  for (const one of made) assert.match(one, /^(?:[a-hjkmnp-z1-9]{5}-){3}[a-hjkmnp-z1-9]{5}$/);
});

test('what can be chosen is what the API knows', () => {
  const names = (choices: readonly (readonly [string, string])[]) => choices.map(([name]) => name);
  assert.deepEqual(names(scopeChoices), scopes);
  assert.deepEqual(names(eventChoices), webhookEvents);
  assert.deepEqual(names(deliveryStateChoices), ['', ...deliveryStates]);
});

test('a size that is shown in a field is read from it as it was', () => {
  for (const octets of [0, 1, 1_000, 1_024, 5 * 2 ** 30, 1_500_000, 2 ** 50]) {
    assert.equal(octetsGiven(exactOctetWords(octets)), octets, exactOctetWords(octets));
  }
  assert.deepEqual(['2 GiB', '2g', ' 2 gb ', '2,048 MiB'].map(octetsGiven), Array(4).fill(2 ** 31));
  assert.equal(octetsGiven(' '), null);
  for (const text of ['much', '-1', '1 X', '1e9', '9999999 PiB', '.']) {
    assert.throws(() => octetsGiven(text), /Type a size/, text);
  }
});
