/**
 * An operator at the console of a real node: what can be pressed and what is said, by the names that a screen
 * reader would say. What is found by no name cannot be tested here, nor used there.
 *
 * Never: a look at how the page is made, where a role and a name tell.
 */

import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { openPage, startBrowser, type Watched } from './browser.ts';
import { readToken, startAdminNode } from './console-scene.ts';
import { Pop3Client } from './pop3-client.ts';
import type { RunningNode } from './start-node.ts';
import { openTestDatabase, type TestDatabase } from './test-database.ts';

/** For what a node hears of with a renewal of its leases, on a machine that is busy. */
export const renewedWithinMs = 30_000;

export class Operator {
  readonly database: TestDatabase;
  readonly node: RunningNode;
  readonly browser: Browser;
  readonly watched: Watched;
  readonly page: Page;
  readonly origin: string;
  readonly token: string;
  readonly #ending: AsyncDisposableStack;

  private constructor(parts: {
    readonly database: TestDatabase;
    readonly node: RunningNode;
    readonly browser: Browser;
    readonly watched: Watched;
    readonly ending: AsyncDisposableStack;
  }) {
    this.database = parts.database;
    this.node = parts.node;
    this.browser = parts.browser;
    this.watched = parts.watched;
    this.page = parts.watched.page;
    this.origin = originOf(parts.node);
    this.token = readToken(parts.node);
    this.#ending = parts.ending;
  }

  /** A database, a node `pop1`, a browser, and nobody signed in. */
  static async begin(environment: Readonly<Record<string, string>> = {}): Promise<Operator> {
    await using started = new AsyncDisposableStack();
    const database = await openTestDatabase();
    started.defer(() => database.drop());
    const node = await startAdminNode(database, 'pop1', environment);
    started.defer(() => node.stop());
    const browser = await startBrowser();
    started.defer(() => browser.close());
    const watched = await openPage(browser, originOf(node));
    return new Operator({ database, node, browser, watched, ending: started.move() });
  }

  async end(): Promise<void> {
    await this.#ending.disposeAsync();
  }

  async signIn(token: string = this.token): Promise<void> {
    await this.page.goto(`${this.origin}/console/`);
    await this.page.getByLabel('Token').fill(token);
    await this.press('Sign in');
    await this.page.locator('#main h1').waitFor();
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  /** The button of the question that stands before the page. */
  async answer(name: string): Promise<void> {
    await this.page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  }

  async go(view: string): Promise<void> {
    const views = this.page.getByRole('navigation', { name: 'Views' });
    await views.getByRole('link', { name: view }).click();
    await this.page.locator('#main[aria-busy]').waitFor({ state: 'detached' });
  }

  async heading(name: string): Promise<void> {
    await this.page.getByRole('heading', { name, level: 1 }).waitFor();
  }

  /** What was said of the last thing that was done. */
  async said(pattern: RegExp): Promise<void> {
    await this.page.locator('#notice-done p').filter({ hasText: pattern }).waitFor();
  }

  /** A session of a client of mail. */
  async login(address: string, secret: string): Promise<Pop3Client> {
    const client = await Pop3Client.connect({ port: this.node.pop3 });
    await client.login(address, secret);
    return client;
  }

  /** No error in the page, no request to another origin, no secret in an address or in the node's log. */
  wentWell(secrets: readonly string[] = [], refusals: readonly number[] = []): void {
    assert.deepEqual(this.watched.errors, []);
    assert.deepEqual(this.watched.refusals, refusals);
    assert.deepEqual(this.watched.strangers, []);
    const log = this.node.log() + this.node.printed();
    for (const secret of [this.token, ...secrets]) {
      const isIn = (url: string): boolean => decodeURIComponent(url).includes(secret);
      assert.deepEqual(this.watched.requests.filter(isIn), []);
      assert.ok(!log.includes(secret), 'a secret is in the log');
    }
  }
}

function originOf({ admin }: RunningNode): string {
  return `http://127.0.0.1:${admin}`;
}
