/**
 * Where the operator's token is while the page is open: in the session storage of this tab, so that a reload
 * does not ask for it again and closing the tab forgets it.
 *
 * Never: a cookie, which a browser would send by itself; storage that outlives the tab.
 */

const key = 'poplar.token';

export function keepToken(token: string): void {
  sessionStorage.setItem(key, token);
}

export function keptToken(): string | null {
  return sessionStorage.getItem(key);
}

export function forgetToken(): void {
  sessionStorage.removeItem(key);
}
