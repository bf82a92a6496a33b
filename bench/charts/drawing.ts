/**
 * The pieces of a drawing as SVG text: lines, boxes, words, and the colours of a light and of a dark page.
 * What reads it decides which page it is (`prefers-color-scheme`).
 *
 * Never: a font, a picture or a script from elsewhere; a text that is not escaped.
 */

/** One colour for each thing that is compared; all can be told apart by those who do not see red or green. */
export const seriesMax = 5;

const style = `
  svg { background: var(--page); font: 12px ui-sans-serif, system-ui, sans-serif; }
  :root { --page: #ffffff; --ink: #1f2328; --faint: #6e7781; --grid: #d8dee4;
    --s0: #0969da; --s1: #bc4c00; --s2: #1b7c83; --s3: #8250df; --s4: #6e7781; }
  @media (prefers-color-scheme: dark) {
    :root { --page: #0d1117; --ink: #e6edf3; --faint: #8d96a0; --grid: #30363d;
      --s0: #58a6ff; --s1: #f0883e; --s2: #39c5cf; --s3: #bc8cff; --s4: #8d96a0; }
  }
  text { fill: var(--ink); }
  .faint { fill: var(--faint); }
  .title { font-size: 15px; font-weight: 600; }
  .strong { font-weight: 600; }
  .grid { stroke: var(--grid); stroke-width: 1; }
  .whisker { stroke: var(--ink); stroke-width: 1; }
${Array.from(
  { length: seriesMax },
  (_, i) => `  .f${i} { fill: var(--s${i}); }
  .l${i} { stroke: var(--s${i}); stroke-width: 2; fill: none; }`,
).join('\n')}`;

export type Anchor = 'start' | 'middle' | 'end';

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export function words(
  { x, y }: Place,
  text: string,
  options: { readonly anchor?: Anchor; readonly look?: string; readonly turned?: true } = {},
): string {
  const { anchor = 'start', look = '', turned } = options;
  const turn = turned === true ? ` transform="rotate(-90 ${short(x)} ${short(y)})"` : '';
  const looks = look === '' ? '' : ` class="${look}"`;
  return `<text x="${short(x)}" y="${short(y)}" text-anchor="${anchor}"${looks}${turn}>${escaped(text)}</text>`;
}

export function line(from: Place, to: Place, look: string): string {
  return `<line x1="${short(from.x)}" y1="${short(from.y)}" x2="${short(to.x)}" y2="${short(to.y)}" class="${look}"/>`;
}

export function path(places: readonly Place[], look: string): string {
  const points = places.map(({ x, y }) => `${short(x)},${short(y)}`).join(' ');
  return `<polyline points="${points}" class="${look}"/>`;
}

export function dot({ x, y }: Place, look: string): string {
  return `<circle cx="${short(x)}" cy="${short(y)}" r="3.5" class="${look}"/>`;
}

export function box(
  corner: Place,
  size: { readonly width: number; readonly height: number },
  look: string,
): string {
  const { width, height } = size;
  return `<rect x="${short(corner.x)}" y="${short(corner.y)}" width="${short(width)}" height="${short(height)}" rx="2" class="${look}"/>`;
}

/** `said` is what somebody hears who does not see it. */
export function drawing(
  size: { readonly width: number; readonly height: number },
  said: string,
  parts: readonly string[],
): string {
  const { width, height } = size;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(said)}</title>`,
    `<style>${style}</style>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
