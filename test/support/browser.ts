/**
 * Debian's Chromium as an operator's browser: one for a test file, and pages that keep a record of what went
 * wrong in them and of where they sent requests.
 *
 * Never: a browser that is downloaded; one that outlives its test file; a page that reaches another host.
 */

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
/** Generous: two cores, and whatever else runs on them. */
const waitMs = 20_000;

const refusal = /^Failed to load resource: the server responded with a status of (4\d\d)/;

export interface Watched {
  readonly page: Page;
  /** Errors of the console and of scripts, and refusals by the policy. */
  readonly errors: string[];
  /** The statuses of what the API refused, of which a browser writes a line each. */
  readonly refusals: number[];
  /** What was asked of another origin. */
  readonly strangers: string[];
  /** The addresses of all requests. */
  readonly requests: string[];
}

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    timeout: waitMs,
    args: [
      ...['--headless=new', '--disable-gpu', '--disable-dev-shm-usage', '--disable-extensions'],
      // Its sandbox is not for root, and what it looks at is ours alone.
      '--no-sandbox',
      // Whatever it would like to ask the makers of Chromium for goes nowhere.
      ...['--disable-background-networking', '--disable-component-update', '--no-first-run'],
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
}

/** @param origin where the page may go */
export async function openPage(
  browser: Browser,
  origin: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  return watched(context, origin);
}

async function watched(context: BrowserContext, origin: string): Promise<Watched> {
  context.setDefaultTimeout(waitMs);
  const page = await context.newPage();
  const record: Watched = { page, errors: [], refusals: [], strangers: [], requests: [] };
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    const [, status] = refusal.exec(message.text()) ?? [];
    if (status === undefined) record.errors.push(message.text());
    else record.refusals.push(Number(status));
  });
  page.on('pageerror', (error) => record.errors.push(String(error)));
  page.on('request', (request) => {
    record.requests.push(request.url());
    if (new URL(request.url()).origin !== origin) record.strangers.push(request.url());
  });
  return record;
}
