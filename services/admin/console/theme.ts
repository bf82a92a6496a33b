/**
 * Light or dark: as the system has it, or as the operator chose for this browser.
 */

const key = 'poplar.theme';
const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

function kept(): Theme {
  const text = localStorage.getItem(key);
  return themes.find((theme) => theme === text) ?? 'system';
}

function apply(theme: Theme): void {
  // The style sheet knows what each of them means.
  document.documentElement.dataset.theme = theme;
}

/** @param select has an option for each theme */
export function followTheme(select: HTMLSelectElement): void {
  select.value = kept();
  apply(kept());
  select.addEventListener('change', () => {
    localStorage.setItem(key, select.value);
    apply(kept());
  });
}
