/**
 * Fields of which one chooses: boxes to be ticked, and a list of which one is taken.
 */

import { element, freshId } from './element.ts';
import type { Choice } from './known-names.ts';

interface ChoiceParts {
  readonly label: string;
  readonly name: string;
  readonly choices: readonly Choice[];
  /** Of them, what is chosen at first. */
  readonly chosen?: readonly string[];
}

/** Boxes of which any number is ticked; a group with a name. */
export function tickBoxes({ label, name, choices, chosen = [] }: ChoiceParts): HTMLElement {
  const boxes = choices.map(([value, meaning]) =>
    element(
      'label',
      { class: 'choice' },
      element('input', { type: 'checkbox', name, value, checked: chosen.includes(value) }),
      element('span', {}, element('code', {}, value), ` – ${meaning}`),
    ),
  );
  return element('fieldset', {}, element('legend', {}, label), ...boxes);
}

/** What was ticked. Throws when it is nothing. */
export function ticked(given: FormData, name: string, what: string): string[] {
  const values = given.getAll(name).filter((value) => typeof value === 'string');
  if (values.length === 0) throw new Error(`Choose one ${what} at least.`);
  return values;
}

/** A list with its label, for a form. */
export function selectField({ label, name, choices, chosen = [] }: ChoiceParts): HTMLElement {
  const id = freshId();
  const options = choices.map(([value, meaning]) =>
    element('option', { value, selected: chosen.includes(value) }, meaning),
  );
  return element(
    'div',
    { class: 'field' },
    element('label', { for: id }, label),
    element('select', { id, name }, ...options),
  );
}
