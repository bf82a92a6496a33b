/**
 * Options and arguments whose words are of a closed list: completion offers them, and a mistyped one is wrong usage that
 * says which word it is and which there are, before any node or database is asked.
 *
 * Never: a list of its own; whoever calls brings that of the code that means the words.
 */

import { Argument, InvalidArgumentError, Option } from 'commander';

/** For one word. */
export function wordOption(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description)
    .choices(words)
    .argParser((text: string) => oneOf(text, words));
}

/** For some, with commas between them. */
export function wordsOption(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description)
    .choices(words)
    .argParser((text: string) => someOf(text, words));
}

/** For one word that is no option; with brackets around its name it may be left out. */
export function wordArgument(name: string, description: string, words: readonly string[]) {
  return new Argument(name, description)
    .choices(words)
    .argParser((text: string) => oneOf(text, words));
}

function oneOf(text: string, words: readonly string[]): string {
  if (words.includes(text)) return text;
  throw new InvalidArgumentError(`"${text}" is none of ${words.join(', ')}.`);
}

function someOf(text: string, words: readonly string[]): readonly string[] {
  const given = text.split(',').map((word) => word.trim());
  if (given.includes('')) throw new InvalidArgumentError('It must be words with commas between.');
  return given.map((word) => oneOf(word, words));
}
