/**
 * What can be told of a page by looking at it: whether all of it has names, can be told from its ground, and
 * fits. The names are those that Chromium gives to screen readers.
 *
 * Never: a change of the page.
 */

import type { Page } from 'playwright-core';

/** Roles of what is pressed, typed into or read as one thing. */
const named = new Set([
  ...['button', 'link', 'textbox', 'searchbox', 'combobox', 'radio', 'checkbox', 'img', 'image'],
  ...['dialog', 'navigation', 'region', 'table', 'group', 'columnheader'],
]);

interface AccessibleNode {
  readonly ignored: boolean;
  readonly role?: { readonly value?: unknown };
  readonly name?: { readonly value?: unknown };
}

/** Of all that needs a name, the roles of what has none; and how much was looked at. */
export async function nameless(
  page: Page,
): Promise<{ readonly seen: number; readonly without: readonly string[] }> {
  const session = await page.context().newCDPSession(page);
  const { nodes }: { nodes: AccessibleNode[] } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  const wanted = nodes.filter(({ ignored, role }) => !ignored && named.has(String(role?.value)));
  const without = wanted.filter(({ name }) => String(name?.value ?? '').trim() === '');
  return { seen: wanted.length, without: without.map(({ role }) => String(role?.value)) };
}

/** Mistakes that a look at the elements tells. */
export function structureProblems(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const problems: string[] = [];
    const isSeen = (one: Element): boolean => one.checkVisibility();
    const count = (selector: string): number =>
      [...document.querySelectorAll(selector)].filter(isSeen).length;
    if (document.documentElement.lang !== 'en') problems.push('no language');
    if (document.title === '') problems.push('no title');
    if (count('h1') !== 1) problems.push(`${count('h1')} first headings`);
    if (count('main') !== 1) problems.push(`${count('main')} main parts`);
    const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
    if (new Set(ids).size !== ids.length) problems.push('an id that is there twice');
    for (const one of document.querySelectorAll('[aria-describedby], [aria-labelledby]')) {
      const attributes = ['aria-describedby', 'aria-labelledby'];
      const named = attributes.flatMap((name) => one.getAttribute(name)?.split(' ') ?? []);
      if (named.some((id) => document.getElementById(id) === null)) problems.push('a lost id');
    }
    for (const one of document.querySelectorAll('img:not([alt])')) problems.push(one.outerHTML);
    for (const one of document.querySelectorAll('[tabindex]')) {
      if (Number(one.getAttribute('tabindex')) > 0) problems.push('an order of its own');
    }
    return problems;
  });
}

/** Texts whose contrast with what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3). */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    /** Red, green, blue and opacity, 0 to 255, whatever the notation. */
    const rgba = (colour: string): number[] => {
      if (canvas === null) return [0, 0, 0, 0];
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([red = 0, green = 0, blue = 0]: number[]): number => {
      const linear = (part: number): number => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      };
      return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    };
    const groundOf = (one: Element | null): number[] => {
      if (one === null) return [255, 255, 255, 255];
      const ground = rgba(getComputedStyle(one).backgroundColor);
      return ground[3] === 255 ? ground : groundOf(one.parentElement);
    };
    const faint: string[] = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode() !== null) {
      const words = (texts.currentNode.textContent ?? '').trim();
      const one = texts.currentNode.parentElement;
      // What cannot be pressed may be faint.
      if (words === '' || one === null || !one.checkVisibility() || one.closest(':disabled')) {
        continue;
      }
      const style = getComputedStyle(one);
      const colour = one.closest('svg') === null ? style.color : style.fill;
      const [text, ground] = [luminance(rgba(colour)), luminance(groundOf(one))];
      const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
      if (contrast < 4.5) faint.push(`${words}: ${contrast.toFixed(2)}`);
    }
    return faint;
  });
}

/** Whether the page as a whole has to be scrolled sideways. */
export function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
}
