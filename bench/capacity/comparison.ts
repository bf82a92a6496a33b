/**
 * What the model said beside what was measured, as Markdown, with the deviation.
 *
 * Never: a deviation left out because it is large.
 */

import type { Circumstances } from '../measured.ts';

export interface Comparison {
  readonly what: string;
  readonly predicted: number;
  readonly measured: number;
  /** The prediction is the most there may be, not what there will be. */
  readonly isBound?: true;
}

export function comparisonTable(
  comparisons: readonly Comparison[],
  when: Circumstances,
  costs: Circumstances,
): string {
  return [
    `# The capacity model against two nodes, ${when.machine}`,
    '',
    'Two nodes of two workers on one PostgreSQL; clients come to either, at a fixed rate (open loop).',
    `Measured on ${when.date} at commit ${when.commit} with \`${when.command}\`, at a load of ${when.loadBefore.toFixed(1)} with what else ran there.`,
    `The costs that the model used are those of ${costs.date}, commit ${costs.commit}, at a load of ${costs.loadBefore.toFixed(1)}, on one node.`,
    '',
    '| | predicted | measured | deviation |',
    '|---|---|---|---|',
    ...comparisons.map((one) => `| ${row(one).join(' | ')} |`),
    '',
  ].join('\n');
}

function row({ what, predicted, measured, isBound }: Comparison): string[] {
  const deviation =
    isBound === true
      ? measured <= predicted
        ? 'within'
        : '**above the bound**'
      : `${measured >= predicted ? '+' : ''}${((measured / predicted - 1) * 100).toFixed(0)}%`;
  return [what, number(predicted), number(measured), deviation];
}

function number(value: number): string {
  return value < 10 ? value.toFixed(2) : String(Math.round(value));
}
