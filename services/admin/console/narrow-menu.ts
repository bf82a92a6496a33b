/**
 * The menu of a narrow screen: out of the way until it is asked for, and again when a view was chosen. On a wide
 * one there is no button, and all of it is always seen.
 *
 * Never: a menu that can be opened by touch alone; it is a button that says whether it is open.
 */

export function followMenu(menu: HTMLButtonElement, header: HTMLElement): void {
  const show = (isOpen: boolean): void => {
    header.classList.toggle('open', isOpen);
    menu.setAttribute('aria-expanded', String(isOpen));
  };
  menu.addEventListener('click', () => show(!header.classList.contains('open')));
  header.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || !header.classList.contains('open')) return;
    show(false);
    menu.focus();
  });
  // Also when the view that is chosen is the one that is shown.
  header.addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('a') !== null) show(false);
  });
}
