/**
 * A chart of lines over time, drawn anew with each point: there are a hundred of them, and the browser is
 * quick. What it shows last is also said in words, below it and to screen readers.
 *
 * Never: a line that only its colour tells from another; each has its own dashes and its words.
 */

import { drawing, element } from './element.ts';
import { chartLinesMax } from './limits.ts';
import type { Point } from './rates.ts';
import { clockWords } from './words.ts';

const width = 480;
const height = 150;
const margin = { left: 62, right: 8, top: 10, bottom: 20 };
const inner = {
  width: width - margin.left - margin.right,
  height: height - margin.top - margin.bottom,
};
const gridLines = 3;

export interface Line {
  /** Of its values in a point. */
  readonly name: string;
  readonly label: string;
}

export interface ChartParts {
  readonly title: string;
  readonly words: (value: number) => string;
  /** Of its figures: octets are counted in powers of 1024. */
  readonly base?: 1_000 | 1_024;
}

export class LineChart {
  readonly element: HTMLElement;
  readonly #parts: ChartParts;
  readonly #drawing: SVGSVGElement;
  readonly #legend = element('ul', { class: 'legend' });
  readonly #waiting = element(
    'p',
    { class: 'empty' },
    'Two reports are needed for the first line.',
  );

  constructor(parts: ChartParts) {
    this.#parts = parts;
    this.#drawing = drawing('svg', {
      ...{ viewBox: `0 0 ${width} ${height}`, role: 'img', class: 'chart' },
      'aria-label': `${parts.title}: no data yet`,
    });
    this.element = element(
      'figure',
      { class: 'card' },
      element('figcaption', {}, parts.title),
      ...[this.#waiting, this.#drawing, this.#legend],
    );
  }

  show(points: readonly Point[], allLines: readonly Line[]): void {
    const lines = allLines.slice(0, chartLinesMax);
    const last = points.at(-1);
    const said = lines.map(({ name, label }) => {
      const value = last?.values.get(name);
      return { label, words: value === undefined ? 'none' : this.#parts.words(value) };
    });
    this.#legend.replaceChildren(
      ...said.map(({ label, words }, index) =>
        element(
          'li',
          {},
          drawing(
            'svg',
            { viewBox: '0 0 20 4', class: `key line${index}`, 'aria-hidden': 'true' },
            drawing('path', { d: 'M0 2H20' }),
          ),
          element('span', {}, label),
          element('strong', {}, words),
        ),
      ),
    );
    this.#waiting.hidden = points.length > 1;
    const now = said.map(({ label, words }) => `${label} ${words}`).join(', ');
    this.#drawing.setAttribute('aria-label', `${this.#parts.title}, now: ${now}`);
    this.#draw(points, lines);
  }

  #draw(points: readonly Point[], lines: readonly Line[]): void {
    const [first, last] = [points.at(0), points.at(-1)];
    if (first === undefined || last === undefined || first === last) return;
    const values = points.flatMap(({ values: all }) => lines.map(({ name }) => all.get(name) ?? 0));
    const top = roundTop(Math.max(...values), this.#parts.base ?? 1_000);
    const spanMs = last.at.getTime() - first.at.getTime();
    const x = (at: Date): number =>
      margin.left + ((at.getTime() - first.at.getTime()) / spanMs) * inner.width;
    const y = (value: number): number => margin.top + (1 - value / top) * inner.height;
    const grid = Array.from({ length: gridLines }, (_, index) => {
      const value = (top * index) / (gridLines - 1);
      const place = { x1: margin.left, x2: width - margin.right, y1: y(value), y2: y(value) };
      const words = drawing('text', { x: margin.left - 6, y: y(value) + 3.5, class: 'end' });
      words.textContent = this.#parts.words(value);
      return drawing('g', {}, drawing('line', place), words);
    });
    const ends = [
      { at: first.at, look: 'begin' },
      { at: last.at, look: 'end' },
    ].map(({ at, look }) => {
      const words = drawing('text', { x: x(at), y: height - 5, class: look });
      words.textContent = clockWords(at);
      return words;
    });
    const paths = lines.map(({ name }, index) =>
      drawing('path', { class: `line${index}`, d: pathOf(points, name, { x, y }) }),
    );
    this.#drawing.replaceChildren(...grid, ...ends, ...paths);
  }
}

function pathOf(
  points: readonly Point[],
  name: string,
  { x, y }: { readonly x: (at: Date) => number; readonly y: (value: number) => number },
): string {
  let isDrawing = false;
  return points
    .map(({ at, values }) => {
      const value = values.get(name);
      if (value === undefined) {
        isDrawing = false;
        return '';
      }
      const step = `${isDrawing ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      isDrawing = true;
      return step;
    })
    .join('');
}

/** The next of 1, 2, 5, 10, 20 ... that is not below a value, in the unit that its words will have. */
function roundTop(value: number, base: number): number {
  if (value <= 0) return 1;
  const unit = base ** Math.max(0, Math.floor(Math.log(value) / Math.log(base)));
  const power = 10 ** Math.floor(Math.log10(value / unit));
  const step = [1, 2, 5, 10].find((one) => one * power * unit >= value) ?? 10;
  return step * power * unit;
}
