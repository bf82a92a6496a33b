/**
 * Questions that stand before the page until they are answered: modal dialogs of the browser, which keep the
 * focus within them, close with Escape, and give the focus back.
 *
 * Never: a change that is made when a dialog is closed without its button.
 */

import { button, type Child, element, freshId } from './element.ts';

interface DialogParts {
  readonly title: string;
  readonly content: readonly Child[];
  /** On the button that does it. */
  readonly does: string;
  readonly isDanger?: boolean;
  /** On the button that does nothing; without it there is none. */
  readonly leaves?: string;
}

interface OpenDialog {
  readonly dialog: HTMLDialogElement;
  readonly form: HTMLFormElement;
  /** Says what is wrong with what was typed; the dialog stays. */
  readonly problem: HTMLElement;
}

function open({ title, content, does, isDanger = false, leaves }: DialogParts): OpenDialog {
  const id = freshId();
  const problem = element('p', { class: 'problem', role: 'alert' });
  const submit = element(
    'button',
    { type: 'submit', class: `button ${isDanger ? 'danger' : 'main'}` },
    does,
  );
  const leave = leaves === undefined ? null : button(leaves, () => dialog.close());
  const form = element(
    'form',
    { method: 'dialog' },
    ...[element('h2', { id }, title), ...content, problem],
    element('div', { class: 'answers' }, leave, submit),
  );
  const dialog = element('dialog', { 'aria-labelledby': id }, form);
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove(), { once: true });
  dialog.showModal();
  return { dialog, form, problem };
}

/** None outlives who was signed in. */
export function closeDialogs(): void {
  for (const one of document.querySelectorAll('dialog')) one.close();
}

/** Whether it is to be done. */
export function confirmed(parts: Omit<DialogParts, 'content'> & { readonly text: string }) {
  const content = [element('p', {}, parts.text)];
  const { dialog, form } = open({ leaves: 'Cancel', ...parts, content });
  return new Promise<boolean>((resolve) => {
    form.addEventListener('submit', () => resolve(true));
    dialog.addEventListener('close', () => resolve(false));
  });
}

/**
 * Asks for what the content has fields for, does the work with it and answers what came of it; null when it
 * was not done. Work that fails leaves the dialog open and what was typed in it, and says why.
 */
export function asked<Result>(
  parts: DialogParts,
  work: (given: FormData) => Promise<Result>,
): Promise<Result | null> {
  const { dialog, form, problem } = open({ leaves: 'Cancel', ...parts });
  const { promise, resolve } = Promise.withResolvers<Result | null>();
  const submitted = async (): Promise<void> => {
    const buttons = [...form.querySelectorAll('button')];
    const focused = document.activeElement;
    for (const one of buttons) one.disabled = true;
    problem.textContent = '';
    try {
      resolve(await work(new FormData(form)));
      dialog.close();
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : 'It could not be done.';
    } finally {
      for (const one of buttons) one.disabled = false;
      // A button that could not be pressed has lost the focus.
      if (dialog.open && focused instanceof HTMLElement) focused.focus();
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submitted();
  });
  dialog.addEventListener('close', () => resolve(null));
  return promise;
}

export interface FieldParts {
  readonly label: string;
  readonly name: string;
  readonly type?: string;
  readonly hint?: string;
  readonly isRequired?: boolean;
  readonly value?: string;
  /** Of a number. */
  readonly range?: readonly [min: number, max: number];
}

/** A field with its label, and a hint that belongs to it. */
export function field(parts: FieldParts): HTMLElement {
  const { label, name, type = 'text', hint, isRequired = false, value = '', range } = parts;
  const [id, hintId] = [freshId(), freshId()];
  const input = element('input', {
    ...{ id, name, type, value, required: isRequired },
    ...{ autocomplete: type === 'password' ? 'new-password' : 'off', spellcheck: 'false' },
    ...(hint === undefined ? {} : { 'aria-describedby': hintId }),
    ...(range === undefined ? {} : { min: range[0], max: range[1], step: 1 }),
  });
  return element(
    'div',
    { class: 'field' },
    element('label', { for: id }, label),
    input,
    hint === undefined ? null : element('p', { id: hintId, class: 'hint' }, hint),
  );
}

/** Shows a secret that nobody can see again. Resolves when it was taken note of. */
export function shownOnce(title: string, what: string, secret: string): Promise<void> {
  const id = freshId();
  const input = element('input', {
    ...{ id, type: 'text', value: secret, readonly: true, class: 'secret' },
    ...{ autocomplete: 'off', spellcheck: 'false' },
  });
  const said = element('p', { class: 'hint', role: 'status' });
  const copy = button('Copy', () => {
    input.select();
    const copied = navigator.clipboard.writeText(secret);
    copied.then(
      () => {
        said.textContent = 'Copied.';
      },
      () => {
        said.textContent = 'It is selected: copy it with the keyboard.';
      },
    );
  });
  const content = [
    element('p', {}, 'It is shown now and never again: what is kept cannot be read back.'),
    element('label', { for: id }, what),
    element('div', { class: 'with-button' }, input, copy),
    said,
  ];
  const { dialog } = open({ title, content, does: 'Done' });
  input.select();
  return new Promise((resolve) => dialog.addEventListener('close', () => resolve()));
}
