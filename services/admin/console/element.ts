/**
 * Makes elements. All text goes in as text: what came from a mail or a mailbox is never read as markup.
 *
 * Never: markup made of text; the page is served with a rule that nothing may (Trusted Types).
 */

export type Child = Node | string | null;

/** `true` is an attribute without a value, `false` none. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function drawing<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  setAttributes(made, attributes);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function setAttributes(made: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false) continue;
    made.setAttribute(name, value === true ? '' : String(value));
  }
}

/** One of the facts about a thing, for a list of them. */
export function fact(name: string, value: Child): HTMLElement {
  return element('div', {}, element('dt', {}, name), element('dd', {}, value));
}

export interface ButtonLook {
  /** What a screen reader says where the label alone would not tell which. */
  readonly name?: string;
  readonly look?: 'main' | 'danger' | 'plain';
}

export function button(
  label: string,
  press: () => void,
  { name, look = 'plain' }: ButtonLook = {},
): HTMLButtonElement {
  const made = element('button', { type: 'button', class: `button ${look}` }, label);
  if (name !== undefined) made.setAttribute('aria-label', name);
  made.addEventListener('click', press);
  return made;
}

/** What the page has from the beginning. */
export function found<Made extends Element>(selector: string, kind: new () => Made): Made {
  const one = document.querySelector(selector);
  if (!(one instanceof kind)) throw new Error(`the page has no ${selector}`);
  return one;
}

/** A unique id, for what labels or describes another element. */
export function freshId(): string {
  lastId += 1;
  return `id${lastId}`;
}

let lastId = 0;
