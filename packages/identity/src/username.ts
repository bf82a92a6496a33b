/**
 * Names beyond ASCII: the PRECIS profile UsernameCaseMapped, as near as the language's own tables come.
 *
 * A name is width-mapped, its characters are checked one by one against the IdentifierClass, then it is
 * lower-cased, composed and checked for direction. Whatever would still change when done again
 * is refused, so a canonical name is its own canonical form.
 *
 * Never: a character with a compatibility mapping (the Kelvin sign would become `k`, the long s an `s`).
 * Nor the Turkish `İ` and `ı`, which the profile would allow: `I` is the upper case of both `i` and `ı`, so a
 * person who types their name in capitals would ask for another person's mailbox.
 *
 * Rules: RFC 8265 §3.3; RFC 8264 §8 (the order of the checks) and §9; RFC 5892 A.3 to A.9 (context); RFC
 * 5893 §2 (direction). Zero-width joiners are refused although a context would allow them.
 */

/** Full-width and half-width forms (RFC 8264 §5.2.1): the only compatibility characters that are mapped. */
const widthForms = /[\uff01-\uffee]/g;

/** RFC 8264 §9.1 and §9.6 less what is refused below: letters, marks and digits, and ASCII. */
const identifierCharacters =
  /^[\x21-\x7e\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}\u00b7\u0375\u05f3\u05f4\u06fd\u06fe\u30fb]+$/u;

/** RFC 8264 §9.9 (old Hangul jamo), §9.13 (ignorable), and §9.6's exceptions; see above for the `i`s. */
const refusedCharacters =
  /[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b\u0130\u0131]/u;

/** RFC 5892 A.3 to A.9: characters that mean something in one place only. Each finds a wrong one. */
const wrongContexts = [
  /(?<!l)\u00b7|\u00b7(?!l)/iu,
  /\u0375(?!\p{Script=Greek})/u,
  /(?<!\p{Script=Hebrew})[\u05f3\u05f4]/u,
  /^(?=[\s\S]*\u30fb)(?![\s\S]*[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}])/u,
  /[\u0660-\u0669][\s\S]*[\u06f0-\u06f9]|[\u06f0-\u06f9][\s\S]*[\u0660-\u0669]/u,
];

/** The blocks of right-to-left letters, by the defaults of Unicode's DerivedBidiClass. */
const rightToLeft =
  /(?![\p{M}\p{Nd}])[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const arabicDigit = /[\u0660-\u0669\u{10d30}-\u{10d39}]/u;
const leftToRight = /\p{L}/u;

/** Whether all characters may be in a name, before it is mapped (RFC 8264 §8). */
export function isIdentifier(text: string): boolean {
  if (!text.isWellFormed() || !identifierCharacters.test(text) || refusedCharacters.test(text)) {
    return false;
  }
  // RFC 8264 §9.17, HasCompat. Singletons such as the Kelvin sign are among them.
  for (const character of text) if (character.normalize('NFKC') !== character) return false;
  return !wrongContexts.some((context) => context.test(text));
}

function mapped(text: string): string | null {
  const narrow = text.replace(widthForms, (form) => form.normalize('NFKC'));
  if (!isIdentifier(narrow)) return null;
  const name = narrow.toLowerCase().normalize('NFC');
  return isIdentifier(name) && hasOneDirection(name) ? name : null;
}

/** The canonical form of a name; null when it is refused. Never throws. */
export function usernameCaseMapped(text: string): string | null {
  const name = mapped(text);
  // A mark on what a name, or an atom of one, begins with would change the character before it.
  if (name === null || /(?:^|\.)\p{M}/u.test(name)) return null;
  return mapped(name) === name ? name : null;
}

/**
 * The Bidi Rule. With a right-to-left character in it a name must begin with one, hold no letter of the
 * other direction, end with a letter or digit, and not mix the two kinds of digits.
 */
function hasOneDirection(name: string): boolean {
  if (!rightToLeft.test(name) && !arabicDigit.test(name)) return true;
  const characters = [...name];
  if (!rightToLeft.test(characters[0] ?? '')) return false;
  if (characters.some((letter) => leftToRight.test(letter) && !rightToLeft.test(letter)))
    return false;
  const last = characters.findLast((character) => !/\p{Mn}/u.test(character)) ?? '';
  if (!rightToLeft.test(last) && !/\p{Nd}/u.test(last)) return false;
  return !(arabicDigit.test(name) && /[0-9\u06f0-\u06f9]/u.test(name));
}
