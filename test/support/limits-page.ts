/**
 * Makes docs/limits.md from the `limits.ts` files and the limits of the configuration, so that the
 * page can be compared with the code. `node_modules/.bin/node test/support/limits-page.ts` writes it.
 *
 * Never: a word about a bound that is not in the code beside it.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@poplar/runtime';
import { fileAt, root, type SourceFile, sourceFiles } from './source-tree.ts';

interface Bound {
  readonly name: string;
  readonly value: string;
  readonly reason: string;
}

const configFile = 'packages/runtime/src/config/config.ts';
const isLimits = (path: string): boolean =>
  /^(?:packages|services)\/[^/]+\/(?:src|console)\/(?:.*\/)?limits\.ts$/.test(path);

export const limitsPagePath = 'docs/limits.md';

/** A comment block as one line of text. */
function sentence(comment: string): string {
  return comment
    .replace(/^\s*\/\*\*(?:\s*\n\s*\*)?\s?|\s*\*\/\s*$/g, '')
    .replace(/\n\s*\*\s?/g, ' ')
    .replaceAll('|', '\\|')
    .trim();
}

/** Constants of a file, each with the comment above it; those below share it. */
export function boundsIn({ text }: SourceFile): Bound[] {
  const bounds: Bound[] = [];
  let reason = '';
  for (const [, comment, name, value] of text.matchAll(
    /(\/\*\*(?:[^*]|\*(?!\/))*\*\/)|^export const (\w+) = ([^;]+);/gm,
  )) {
    if (comment !== undefined) reason = sentence(comment);
    else if (name !== undefined && value !== undefined) {
      bounds.push({ name, value: value.replace(/ as const$/, '').replace(/\s+/g, ' '), reason });
    }
  }
  return bounds;
}

function settings(): Bound[] {
  const { text } = fileAt(configFile);
  const body = /export interface Limits \{([\s\S]*?)\n\}/.exec(text)?.[1] ?? '';
  const reasons = new Map<string, string>();
  let reason = '';
  for (const [, comment, name] of body.matchAll(
    /(\/\*\*(?:[^*]|\*(?!\/))*\*\/)|readonly (\w+): number;/g,
  )) {
    if (comment !== undefined) reason = sentence(comment);
    else if (name !== undefined) {
      reasons.set(name, reason);
      reason = '';
    }
  }
  return Object.entries(loadConfig({}, { file: null }).limits).map(([name, value]) => {
    const variable = `POPLAR_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    const why = `${reasons.get(name) ?? ''} \`${variable}\``.trim();
    return { name: `limits.${name}`, value: String(value), reason: why };
  });
}

function table(bounds: readonly Bound[]): string {
  const rows = bounds.map(
    ({ name, value, reason }) => `| \`${name}\` | \`${value}\` | ${reason} |`,
  );
  return ['| name | value | why |', '|---|---|---|', ...rows].join('\n');
}

export function limitsPage(): string {
  const files = sourceFiles()
    .filter(({ path }) => isLimits(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const sections = files.map((file) => `## ${file.path}\n\n${table(boundsIn(file))}\n`);
  return `# Limits

Every queue, cache, line, batch, retry and wait has a bound. Names end in their unit; an octet is eight
bits. This page is made from the code by \`node_modules/.bin/node test/support/limits-page.ts\`; a test compares them.

## Settings (\`[limits]\` in poplar.toml, or the environment)

${table(settings())}

${sections.join('\n')}`;
}

if (import.meta.main) writeFileSync(join(root, limitsPagePath), limitsPage());
