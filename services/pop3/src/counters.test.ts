import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandTally, talliedVerbs } from '@poplar/protocol';
import { MetricSet, metricDefinitions } from '@poplar/runtime';
import { Counters } from './counters.ts';

function labelValues(name: string, label: string): readonly string[] {
  const labels = metricDefinitions.get(name)?.labels ?? [];
  return labels.find((one) => one.name === label)?.values ?? [];
}

test('the metrics foresee every verb that a session may write down', () => {
  assert.deepEqual(labelValues('poplar_commands_total', 'verb'), talliedVerbs);
  assert.deepEqual(labelValues('poplar_command_duration_seconds', 'verb'), talliedVerbs);
});

test('what was answered in one go is counted once, with one duration', () => {
  const metrics = new MetricSet();
  const counters = new Counters(metrics);
  const tally = new CommandTally();
  tally.note('RETR', true);
  tally.note('RETR', true);
  tally.note('DELE', false);
  counters.answered(tally, 0.5);
  counters.answered(tally, 7);
  const seen = metrics.snapshot().filter((number) => number !== 0);
  // Two verbs, each: how often, its bucket, the sum of its seconds, how often again.
  assert.deepEqual([...seen].sort(), [0.5, 1, 1, 1, 1, 2, 2, 2].sort());
});
