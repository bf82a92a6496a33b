/**
 * Reads transcripts: conversations as text that a person can read. The form is described in
 * test/README.md.
 *
 * Never: guess what a line means; know anything of POP3 or LMTP beyond `state: transaction`.
 */

/** 1 is the client of the transcript; 2 is another one at the same time. */
export type Party = 1 | 2;

export type Step = { readonly party: Party; readonly lineNumber: number } & (
  | { readonly kind: 'send'; readonly text: string }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'match'; readonly pattern: string }
  /** A message of the fixture in wire form with its dot: whole, or its TOP. */
  | { readonly kind: 'message'; readonly number: number; readonly bodyLines: number | null }
  | { readonly kind: 'close' | 'tls' | 'cut' }
  | { readonly kind: 'do'; readonly act: string; readonly argument: string }
);

export type Policy = 'plain' | 'tls' | 'guarded';

/** How one may log in, where that is not by password alone. */
interface LoginHead {
  /** Names of SASL mechanisms that are enabled. */
  readonly mechanisms: readonly string[];
  readonly apop: boolean;
  /** The client has shown a certificate to TLS. */
  readonly certificate: boolean;
  readonly delay: { readonly seconds: number; readonly perUser: boolean } | null;
}

export interface Transcript {
  readonly name: string;
  readonly file: string;
  readonly lineNumber: number;
  /** `RFC 1939 §5` and the like. */
  readonly tags: readonly string[];
  /** Items of the conformance checklist. */
  readonly items: readonly number[];
  readonly protocol: 'pop3' | 'lmtp';
  readonly maildrop: string;
  readonly login: LoginHead;
  readonly policies: readonly Policy[];
  readonly drivers: readonly ('memory' | 'network')[];
  /** False when the meaning depends on where the stream is cut. */
  readonly cuttable: boolean;
  /** Numbers of the messages that are flagged afterwards. */
  readonly flagged: readonly number[];
  /** Messages that were added for the first recipient. */
  readonly stored: number;
  readonly steps: readonly Step[];
}

const login = ['C: USER {user}', 'S~ ^\\+OK', 'C: PASS {secret}', 'S~ ^\\+OK'];
const stepShape = /^(?:2 )?(?:([CS])([:!~.])(?: (.*))?|(close|tls|cut)|do ([a-z-]+)(?: (.*))?)$/;
const headerKeys =
  'protocol maildrop policy driver cuts flagged stored state mechanisms apop certificate delay';

/** Throws with file and line number on anything that is not understood. */
export function parseTranscripts(text: string, file: string): Transcript[] {
  const transcripts: Transcript[] = [];
  let draft: Draft | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const lineNumber = index + 1;
    if (line === '') continue;
    if (line.startsWith('# RFC ')) {
      if (draft !== null) transcripts.push(draft.finish());
      draft = new Draft(line.slice(2), file, lineNumber);
    } else if (line.startsWith('#')) {
      // A remark.
    } else if (draft === null) {
      throw new Error(`${file}:${lineNumber}: before the first transcript`);
    } else {
      draft.add(line, lineNumber);
    }
  }
  if (draft !== null) transcripts.push(draft.finish());
  return transcripts;
}

class Draft {
  readonly #title: string;
  readonly #file: string;
  readonly #lineNumber: number;
  readonly #head = new Map<string, string>();
  readonly #steps: Step[] = [];

  constructor(title: string, file: string, lineNumber: number) {
    this.#title = title;
    this.#file = file;
    this.#lineNumber = lineNumber;
  }

  add(line: string, lineNumber: number): void {
    const [, key = '', value = ''] = /^([a-z]+): (.*)$/.exec(line) ?? [];
    if (key === '') this.#push(line, lineNumber);
    else if (!headerKeys.split(' ').includes(key)) this.#fail(`unknown key ${key}`, lineNumber);
    else if (this.#steps.length > 0) this.#fail(`${key} comes behind a step`, lineNumber);
    else this.#head.set(key, value);
  }

  #push(line: string, lineNumber: number): void {
    if (this.#steps.length === 0 && this.#head.get('state') === 'transaction') {
      for (const step of login) this.#steps.push(this.#step(step, lineNumber));
    }
    this.#steps.push(this.#step(line, lineNumber));
  }

  finish(): Transcript {
    const [, name = '', list = ''] = /^(.*?)(?: \[checklist ([\d, ]+)\])?$/.exec(this.#title) ?? [];
    const head = (key: string, fallback: string): string => this.#head.get(key) ?? fallback;
    const words = (key: string, fallback: string): string[] =>
      head(key, fallback)
        .split(/[ ,]+/)
        .filter((word) => word !== '' && word !== 'none');
    if (this.#steps.length === 0) this.#fail('no steps', this.#lineNumber);
    const protocol = head('protocol', 'pop3') === 'lmtp' ? 'lmtp' : 'pop3';
    return {
      name,
      file: this.#file,
      lineNumber: this.#lineNumber,
      tags: tagsOf(name),
      items: list
        .split(',')
        .map(Number)
        .filter((item) => item > 0),
      protocol,
      maildrop: head('maildrop', 'empty'),
      login: loginOf(head),
      policies: words('policy', protocol === 'lmtp' ? 'plain' : 'plain tls').map((word) => {
        if (word === 'plain' || word === 'tls' || word === 'guarded') return word;
        return this.#fail(`unknown policy ${word}`, this.#lineNumber);
      }),
      drivers: words('driver', 'memory network').map((word) => {
        if (word === 'memory' || word === 'network') return word;
        return this.#fail(`unknown driver ${word}`, this.#lineNumber);
      }),
      cuttable: !head('cuts', 'yes').startsWith('no'),
      flagged: words('flagged', 'none').map(Number),
      stored: Number(head('stored', '0')),
      steps: this.#steps,
    };
  }

  #step(line: string, lineNumber: number): Step {
    const parts = stepShape.exec(line) ?? this.#fail(`not a step: ${line}`, lineNumber);
    const [, side = '', sign = '', text = '', word = '', act = '', argument = ''] = parts;
    const at = { party: line.startsWith('2 ') ? (2 as const) : (1 as const), lineNumber };
    if (act !== '') return { ...at, kind: 'do', act, argument };
    if (word === 'close' || word === 'tls' || word === 'cut') return { ...at, kind: word };
    if (side + sign === 'C:') return { ...at, kind: 'send', text: `${text}\\r\\n` };
    if (side + sign === 'C!') return { ...at, kind: 'send', text };
    if (side + sign === 'S:') return { ...at, kind: 'line', text };
    if (side + sign === 'S~') return { ...at, kind: 'match', pattern: text };
    const [, number = '', lines] = /^message (\d+)(?: top (\d+))?$/.exec(text) ?? [];
    if (side + sign !== 'S.' || number === '') this.#fail(`not a step: ${line}`, lineNumber);
    const bodyLines = lines === undefined ? null : Number(lines);
    return { ...at, kind: 'message', number: Number(number), bodyLines };
  }

  #fail(reason: string, lineNumber: number): never {
    throw new Error(`${this.#file}:${lineNumber}: ${reason}`);
  }
}

function loginOf(head: (key: string, fallback: string) => string): LoginHead {
  const [seconds = 'none', user] = head('delay', 'none').split(' ');
  return {
    mechanisms: head('mechanisms', 'PLAIN LOGIN').split(' '),
    apop: head('apop', 'no') === 'yes',
    certificate: head('certificate', 'no') === 'yes',
    delay: seconds === 'none' ? null : { seconds: Number(seconds), perUser: user === 'user' },
  };
}

/** `RFC 1939 §5, §7; RFC 2449 §6.6 words` gives three tags. */
function tagsOf(title: string): string[] {
  const tags: string[] = [];
  let rfc = '';
  for (const [, number, section] of title.matchAll(/RFC (\d+)|§([A-Z]\b|[\d.]+)/g)) {
    if (number !== undefined) rfc = `RFC ${number}`;
    else if (section !== undefined) tags.push(`${rfc} §${section.replace(/\.$/, '')}`);
  }
  return tags;
}

/** Fills a text, then replaces `\r \n \0 \t \xNN \\`. */
export function expand(text: string, names: ReadonlyMap<string, string>): string {
  return unescaped(fill(text, names));
}

/** Replaces `{user}`, `{a*300}` and `{base64 ...}`, in which escapes are replaced, too. */
export function fill(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(/\{([^{}]+)\}/g, (whole, inside: string) => {
    const [, unit = '', count = '0'] = /^(.+)\*(\d+)$/s.exec(inside) ?? [];
    if (unit !== '') return unit.repeat(Number(count));
    if (inside.startsWith('base64 ')) return encoded(inside.slice(7), names);
    return names.get(inside) ?? whole;
  });
}

function encoded(text: string, names: ReadonlyMap<string, string>): string {
  const filled = text.replace(/\$([a-z]+)/g, (whole, name: string) => names.get(name) ?? whole);
  return Buffer.from(unescaped(filled), 'latin1').toString('base64');
}

const escapes: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '0': '\0' };

function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex?: string, letter = '') =>
    hex === undefined ? (escapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
