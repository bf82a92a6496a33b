/**
 * Numbers and times as people read them, in the language of the browser's numbers and the page's words.
 */

const counts = new Intl.NumberFormat('en');
const day = { day: 'numeric', month: 'short' } as const;
const hour = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
const times = new Intl.DateTimeFormat('en-GB', { ...day, ...hour });
const otherTimes = new Intl.DateTimeFormat('en-GB', { ...day, year: 'numeric', ...hour });
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function countWords(count: number): string {
  return counts.format(count);
}

/** `1 message`, `2 messages`. */
export function countOf(count: number, noun: string): string {
  return `${countWords(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function octetWords(octets: number): string {
  let value = octets;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${Number(value.toFixed(unit === 0 || value >= 100 ? 0 : 1))} ${units[unit] ?? ''}`;
}

/** As it is typed into a field: of the largest unit that says it exactly. */
export function exactOctetWords(octets: number): string {
  const isWhole = (unit: number): boolean => octets % 1_024 ** unit === 0;
  const unit = octets === 0 ? 0 : units.findLastIndex((_, index) => isWhole(index));
  return `${octets / 1_024 ** unit} ${units[unit] ?? ''}`;
}

/** What was typed into such a field; null where nothing was. Throws what is wrong with it. */
export function octetsGiven(text: string): number | null {
  const given = text.trim().replaceAll(',', '');
  if (given === '') return null;
  const [, figures = '', letter = ''] = /^(\d+(?:\.\d+)?) *([KMGTP]?)(?:i?B)?$/i.exec(given) ?? [];
  const octets = Math.round(
    Number(figures) * 1_024 ** ' KMGTP'.indexOf(letter.toUpperCase() || ' '),
  );
  if (figures === '' || !Number.isSafeInteger(octets)) {
    throw new Error('Type a size such as 500 MiB or 2 GiB, or nothing.');
  }
  return octets;
}

/** Of a rate or another figure that is no count: two or three digits. */
export function rateWords(value: number): string {
  if (value > 0 && value < 0.01) return '< 0.01';
  return value < 1_000
    ? String(Number(value.toPrecision(value < 10 ? 2 : 3)))
    : countWords(Math.round(value));
}

export function secondsWords(seconds: number): string {
  if (seconds > 0 && seconds < 1) return `${rateWords(seconds * 1_000)} ms`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} days`;
}

export function timeWords(date: Date | null): string {
  if (date === null) return '';
  const isOfThisYear = date.getFullYear() === new Date().getFullYear();
  return (isOfThisYear ? times : otherTimes).format(date);
}

/** Of all times that are shown. */
export function zoneWords(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function clockWords(date: Date): string {
  return clock.format(date);
}
