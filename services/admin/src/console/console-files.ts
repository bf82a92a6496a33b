/**
 * The files of the console: which there are, and what is sent of each. They are read once, when the role
 * starts: scripts with their types stripped, all of them also compressed.
 *
 * Never: a path of a request as that of a file; a file that is not in the list.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const directory = new URL('../../console/', import.meta.url);

/** By the last letters of their names. */
const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  ts: 'text/javascript; charset=utf-8',
};

/** A test compares it with the folder. */
export const consoleFileNames: readonly string[] = [
  ...['index.html', 'icon.svg'],
  ...['colours.css', 'page.css', 'parts.css', 'lists.css', 'surfaces.css'],
  ...['main.ts', 'router.ts', 'view.ts', 'api-client.ts', 'fields.ts', 'kept-token.ts'],
  ...['element.ts', 'notice.ts', 'dialog.ts', 'table.ts', 'pages.ts', 'line-chart.ts', 'rates.ts'],
  ...['words.ts', 'theme.ts', 'made-password.ts', 'limits.ts', 'event-stream.ts'],
  ...['choices.ts', 'known-names.ts', 'narrow-menu.ts'],
  ...['views/all.ts', 'views/overview.ts', 'views/sessions.ts', 'views/mailboxes.ts'],
  ...['views/mailbox.ts', 'views/new-password.ts', 'views/credentials.ts', 'views/messages.ts'],
  ...['views/nodes.ts', 'views/audit.ts', 'views/jobs.ts', 'views/job.ts', 'views/job-words.ts'],
  ...['views/webhooks.ts', 'views/webhook.ts', 'views/new-webhook.ts', 'views/deliveries.ts'],
  ...['views/tokens.ts', 'views/domains.ts', 'views/domain.ts', 'views/new-domain.ts'],
  ...['views/login-names.ts', 'views/grants.ts'],
];

export interface ConsoleFile {
  readonly name: string;
  readonly contentType: string;
  /** Of what is sent, whichever way: strong, in quotes. */
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
}

const compress = promisify(gzip);

export async function readConsole(): Promise<readonly ConsoleFile[]> {
  return Promise.all(consoleFileNames.map(readOne));
}

async function readOne(name: string): Promise<ConsoleFile> {
  const written = await readFile(new URL(name, directory), 'utf8');
  const ending = name.slice(name.lastIndexOf('.') + 1);
  const plain = Buffer.from(sentOf(written, ending));
  return {
    ...{ name, plain, contentType: contentTypes[ending] ?? 'application/octet-stream' },
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    gzipped: await compress(plain, { level: 9 }),
  };
}

function sentOf(written: string, ending: string): string {
  // Types become blanks: lines and columns in a browser are those of the source.
  if (ending === 'ts') return quietly(() => stripTypeScriptTypes(written));
  return ending === 'html' ? written.replace('</head>', `${preloads()}</head>`) : written;
}

/** All scripts are asked for at once, not each when the one before has named it. */
function preloads(): string {
  const scripts = consoleFileNames.filter((name) => name.endsWith('.ts'));
  return scripts.map((name) => `  <link rel="modulepreload" href="${name}" />\n  `).join('');
}

/**
 * Node says on standard error that stripping is experimental as a function, which is how it runs this very
 * file: nothing that an operator could do something about.
 */
function quietly<Result>(work: () => Result): Result {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}
