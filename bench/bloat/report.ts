/**
 * How much more room tables take than the same rows freshly written, as Markdown and as a plot.
 *
 * Never: a verdict on what is too small to say anything: a table of a few pages.
 */

import { brief } from '../charts/axis.ts';
import { plot } from '../charts/plot.ts';
import type { Circumstances } from '../measured.ts';
import type { Sample, Sizes } from './sizes.ts';

export interface BloatResults {
  readonly format: 1;
  readonly circumstances: Circumstances;
  /** Messages that came and went. */
  readonly churned: number;
  readonly seconds: number;
  /** That was set for comparison; null: as the schema has it. */
  readonly threshold: number | null;
  /** How often autovacuum has been at a table. */
  readonly vacuums: number;
  readonly samples: readonly Sample[];
  readonly used: readonly Sizes[];
  readonly fresh: readonly Sizes[];
}

const kinds = ['rows', 'indexes', 'toast'] as const;
const ratioMax = 2;
/** Smaller ones are not judged. */
const judgedOctets = 1_000_000;
const mega = 1e6;

interface Compared {
  readonly what: string;
  readonly used: number;
  readonly fresh: number;
}

export class BloatReport {
  readonly #results: BloatResults;

  constructor(results: BloatResults) {
    this.#results = results;
  }

  text(): string {
    const { circumstances, churned, seconds, threshold, vacuums, samples } = this.#results;
    const { date, commit, command, machine, loadBefore } = circumstances;
    const settings =
      threshold === null
        ? 'the settings of the schema'
        : `thresholds of ${threshold} for all partitions`;
    const parts = this.#compared();
    const all = this.#whole();
    const judged = [...parts, all].filter(({ fresh }) => fresh >= judgedOctets);
    const over = judged.filter(({ used, fresh }) => used > ratioMax * fresh);
    const peak = Math.max(...samples.map(({ octets }) => octets));
    return [
      `# What a day leaves behind, ${machine}`,
      '',
      `Measured on ${date} at commit ${commit} with \`${command}\`, at a load of ${loadBefore.toFixed(1)} with what else ran there.`,
      '',
      `${churned} messages came by LMTP and were deleted over POP3 within ${seconds} s, a day compressed ${Math.round(86_400 / seconds)} times, with ${settings}; autovacuum`,
      `looked for work every second and was at a table ${vacuums} times. Sizes are in MB, when the last message was purged, and of the same rows`,
      'freshly written.',
      '',
      '| | MB | freshly written | ratio |',
      '|---|---|---|---|',
      ...[...judged].map(
        ({ what, used, fresh }) =>
          `| ${what} | ${(used / mega).toFixed(1)} | ${(fresh / mega).toFixed(1)} | ${ratioText(used / fresh)} |`,
      ),
      '',
      `At its largest everything together took ${(peak / mega).toFixed(1)} MB. ${
        over.length === 0
          ? `Nothing takes more than ${ratioMax} times its room.`
          : `**More than ${ratioMax} times its room: ${over.map(({ what }) => what).join(', ')}.**`
      }`,
      '',
    ].join('\n');
  }

  drawing(): string {
    const { circumstances, samples, fresh } = this.#results;
    const { date, commit, machine } = circumstances;
    const last = samples.at(-1)?.seconds ?? 0;
    const freshOctets = totalOf(fresh) / mega;
    return plot({
      title: 'Room of all tables over a compressed day',
      subtitle: [`Measured on ${date} at commit ${commit}.`, `${machine}.`],
      across: { title: 'seconds', text: brief },
      up: { title: 'MB', text: brief },
      isLog: false,
      series: [
        {
          name: 'tables, indexes, TOAST',
          points: samples.map(({ seconds, octets }) => [seconds, octets / mega] as const),
        },
        {
          name: 'freshly written',
          points: [
            [0, freshOctets],
            [last, freshOctets],
          ],
        },
      ],
    });
  }

  #compared(): Compared[] {
    const { used, fresh } = this.#results;
    return used.flatMap((one) =>
      kinds.map((kind) => ({
        what: `${one.table}: ${kind === 'toast' ? 'TOAST' : kind}`,
        used: one[kind],
        fresh: fresh.find(({ table }) => table === one.table)?.[kind] ?? 0,
      })),
    );
  }

  #whole(): Compared {
    const { used, fresh } = this.#results;
    return { what: 'all together', used: totalOf(used), fresh: totalOf(fresh) };
  }
}

function ratioText(ratio: number): string {
  return ratio > ratioMax ? `**${ratio.toFixed(2)}**` : ratio.toFixed(2);
}

function totalOf(sizes: readonly Sizes[]): number {
  return sizes.reduce((sum, { rows, indexes, toast }) => sum + rows + indexes + toast, 0);
}
