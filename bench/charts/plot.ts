/**
 * Lines through points: values against a size on axes of powers of ten, or against time in equal steps.
 *
 * Never: a line through what was not measured; its points are shown.
 */

import { type Axis, powersAxis, stepsAxis } from './axis.ts';
import { dot, drawing, line, type Place, path, words } from './drawing.ts';

interface PlotSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly subtitle: readonly string[];
  readonly across: { readonly title: string; readonly text: (value: number) => string };
  readonly up: { readonly title: string; readonly text: (value: number) => string };
  /** By powers of ten, both ways; else in equal steps from 0. */
  readonly isLog: boolean;
  readonly series: readonly PlotSeries[];
}

const width = 760;
const height = 420;
const left = 84;
const right = 560;
const bottom = 364;
/** A line with more points than this is drawn without dots. */
const dotsMax = 24;
/** Names at the ends of lines keep this far apart. */
const nameHeight = 15;

export function plot(chart: Plot): string {
  const { title, subtitle, across, up, isLog, series } = chart;
  const top = 56 + 15 * subtitle.length;
  const axis = isLog ? powersAxis : stepsAxis;
  const points = series.flatMap((one) => one.points);
  const x = axis(
    points.map(([value]) => value),
    { from: left, to: right },
  );
  const y = axis(
    points.map(([, value]) => value),
    { from: bottom, to: top },
  );
  const middle = (top + bottom) / 2;
  const parts = [
    words({ x: 16, y: 24 }, title, { look: 'title' }),
    ...subtitle.map((text, index) => words({ x: 16, y: 42 + 15 * index }, text, { look: 'faint' })),
    ...grid(x, y, { top, across: across.text, up: up.text }),
    words({ x: (left + right) / 2, y: height - 14 }, across.title, { anchor: 'middle' }),
    words({ x: 20, y: middle }, up.title, { anchor: 'middle', turned: true }),
    ...series.flatMap((one, index) => drawSeries(one, index, { x, y })),
    ...names(series, y),
  ];
  return drawing({ width, height }, `${title}. ${subtitle.join(' ')}`, parts);
}

interface GridOptions {
  readonly top: number;
  readonly across: (value: number) => string;
  readonly up: (value: number) => string;
}

function grid(x: Axis, y: Axis, { top, across, up }: GridOptions): string[] {
  return [
    ...x.ticks.flatMap((tick) => [
      line({ x: x.at(tick), y: top }, { x: x.at(tick), y: bottom }, 'grid'),
      words({ x: x.at(tick), y: bottom + 18 }, across(tick), { anchor: 'middle', look: 'faint' }),
    ]),
    ...y.ticks.flatMap((tick) => [
      line({ x: left, y: y.at(tick) }, { x: right, y: y.at(tick) }, 'grid'),
      words({ x: left - 8, y: y.at(tick) + 4 }, up(tick), { anchor: 'end', look: 'faint' }),
    ]),
  ];
}

function drawSeries(
  { points }: PlotSeries,
  index: number,
  { x, y }: { readonly x: Axis; readonly y: Axis },
): string[] {
  const places: Place[] = points.map(([across, up]) => ({ x: x.at(across), y: y.at(up) }));
  const dots = places.length > dotsMax ? [] : places.map((place) => dot(place, `f${index}`));
  return [path(places, `l${index}`), ...dots];
}

/** At the right end of each line, moved apart where lines end close to each other. */
function names(series: readonly PlotSeries[], y: Axis): string[] {
  const wanted = series
    .map(({ name, points }, index) => ({ name, index, at: y.at(points.at(-1)?.[1] ?? 0) }))
    .sort((a, b) => a.at - b.at);
  let below = Number.NEGATIVE_INFINITY;
  return wanted.map(({ name, index, at }) => {
    below = Math.max(at, below + nameHeight);
    return words({ x: right + 10, y: below + 4 }, name, { look: `f${index} strong` });
  });
}
