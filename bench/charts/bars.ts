/**
 * Bars on an axis of powers of ten: a group for each workload, a bar for each server, with a whisker from the least to
 * the most that was measured, and how many times as much the others need.
 *
 * Never: a ratio without the two figures it is of.
 */

import { powersAxis } from './axis.ts';
import { box, drawing, line, type Place, seriesMax, words } from './drawing.ts';

interface Bar {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

interface BarGroup {
  readonly name: string;
  readonly operation: string;
  /** In the order of the names; null where one was not measured. */
  readonly bars: readonly (Bar | null)[];
}

export interface BarChart {
  readonly title: string;
  /** When, where and at which commit. */
  readonly subtitle: readonly string[];
  readonly names: readonly string[];
  readonly sections: readonly {
    readonly title: string;
    readonly unit: (value: number) => string;
    readonly groups: readonly BarGroup[];
  }[];
}

const width = 860;
const left = 160;
const right = 620;
const barHeight = 13;
const groupGap = 9;
const head = 74;
const sectionHead = 40;

export function barChart(chart: BarChart): string {
  const { title, subtitle, names, sections } = chart;
  const parts: string[] = [
    words({ x: 16, y: 24 }, title, { look: 'title' }),
    ...subtitle.map((text, index) => words({ x: 16, y: 42 + 15 * index }, text, { look: 'faint' })),
    ...legend(names),
  ];
  let y = head + 15 * (subtitle.length - 1);
  for (const section of sections) {
    const drawn = drawSection(section, y);
    parts.push(...drawn.parts);
    y = drawn.end;
  }
  return drawing({ width, height: y + 14 }, `${title}. ${subtitle.join(' ')}`, parts);
}

function legend(names: readonly string[]): string[] {
  return names.slice(0, seriesMax).flatMap((name, index) => {
    const x = width - 16 - 130 * (names.length - index);
    return [
      box({ x, y: 14 }, { width: 12, height: 12 }, `f${index}`),
      words({ x: x + 18, y: 24 }, name),
    ];
  });
}

function drawSection(
  { title, unit, groups }: BarChart['sections'][number],
  top: number,
): { readonly parts: string[]; readonly end: number } {
  const all = groups.flatMap(({ bars }) => bars.flatMap((bar) => (bar === null ? [] : [bar])));
  const { at, ticks } = powersAxis(
    all.flatMap(({ least, most }) => [least, most]),
    { from: left, to: right },
  );
  const heights = groups.map(({ bars }) => bars.length * barHeight + groupGap);
  const end = top + sectionHead + heights.reduce((sum, height) => sum + height, 0);
  const parts = [words({ x: 16, y: top + 16 }, title, { look: 'strong' })];
  for (const tick of ticks) {
    const x = at(tick);
    parts.push(line({ x, y: top + sectionHead - 6 }, { x, y: end }, 'grid'));
    parts.push(
      words({ x, y: top + sectionHead - 10 }, unit(tick), { anchor: 'middle', look: 'faint' }),
    );
  }
  let y = top + sectionHead;
  for (const [index, group] of groups.entries()) {
    const middle = y + (group.bars.length * barHeight) / 2 + 4;
    parts.push(`<g>${titleOf(group)}`);
    parts.push(words({ x: left - 8, y: middle }, group.name, { anchor: 'end' }));
    const place = { x: left, y };
    for (const [server, bar] of group.bars.entries()) {
      if (bar === null) continue;
      parts.push(...drawBar({ ...place, y: y + server * barHeight }, bar, { at, server }));
      const first = server === 0 ? undefined : group.bars[0];
      parts.push(label({ x: at(bar.most) + 6, y: y + server * barHeight + 10 }, bar, first, unit));
    }
    parts.push('</g>');
    y += heights[index] ?? 0;
  }
  return { parts, end };
}

function titleOf({ name, operation }: BarGroup): string {
  return `<title>${`${name}: ${operation}`.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</title>`;
}

function drawBar(
  { x, y }: Place,
  { median, least, most }: Bar,
  { at, server }: { readonly at: (value: number) => number; readonly server: number },
): string[] {
  const middle = y + barHeight / 2 - 1;
  const size = { width: Math.max(1, at(median) - x), height: barHeight - 2 };
  const tip = (value: number): string =>
    line({ x: at(value), y: middle - 3 }, { x: at(value), y: middle + 3 }, 'whisker');
  return [
    box({ x, y }, size, `f${server}`),
    line({ x: at(least), y: middle }, { x: at(most), y: middle }, 'whisker'),
    tip(least),
    tip(most),
  ];
}

function label(
  place: Place,
  { median }: Bar,
  first: Bar | null | undefined,
  unit: (value: number) => string,
): string {
  const ratio = first === undefined || first === null ? null : median / first.median;
  const times = ratio === null ? '' : `, ${ratio.toFixed(ratio < 10 ? 1 : 0)} times`;
  return words(place, `${unit(median)}${times}`, ratio === null ? {} : { look: 'strong' });
}
