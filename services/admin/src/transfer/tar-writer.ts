/**
 * Writes a tar archive (ustar, with pax records where a time or a UIDL does not fit it), for those who unpack it
 * and for `maildir-entries.ts`.
 *
 * Never: a name that does not fit its field, or leads out of where it is unpacked: names are made here, not found.
 */

const blockOctets = 512;

/** What eleven octal digits can say: the year 2242. */
const secondsMax = 0o77777777777;

export interface TarFile {
  /** At most 100 octets of ASCII, relative. */
  readonly name: string;
  /** Milliseconds; 0 for none. */
  readonly modifiedMs: number;
  readonly content: Uint8Array;
  /** Records of a pax extension. */
  readonly records?: Readonly<Record<string, string>>;
}

/** The octets of one file in an archive. */
export function tarFile({ name, modifiedMs, content, records = {} }: TarFile): Uint8Array[] {
  const seconds = Math.floor(modifiedMs / 1000);
  const fits = modifiedMs % 1000 === 0 && seconds <= secondsMax;
  const exact = fits ? {} : { mtime: (modifiedMs / 1000).toFixed(3) };
  const lines = Object.entries({ ...exact, ...records }).map(([key, value]) => record(key, value));
  const extension = Buffer.concat(lines);
  const before =
    extension.length === 0
      ? []
      : [header('pax', { octets: extension.length, seconds, flag: 'x' }), ...filled(extension)];
  const octets = content.byteLength;
  return [...before, header(name, { octets, seconds, flag: '0' }), ...filled(content)];
}

/** What ends an archive. */
export function tarEnd(): Uint8Array {
  return Buffer.alloc(2 * blockOctets);
}

function filled(content: Uint8Array): Uint8Array[] {
  const rest = content.byteLength % blockOctets;
  return rest === 0 ? [content] : [content, Buffer.alloc(blockOctets - rest)];
}

function header(
  name: string,
  { octets, seconds, flag }: { octets: number; seconds: number; flag: string },
): Buffer {
  const block = Buffer.alloc(blockOctets);
  block.write(name, 0, 100, 'latin1');
  block.write('0000600\u00000000000\u00000000000\0', 100, 'latin1');
  block.write(
    `${octal(octets)} ${octal(Math.min(Math.max(0, seconds), secondsMax))} `,
    124,
    'latin1',
  );
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(`${flag}`, 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, octet) => total + octet, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Eleven digits: up to 8 GB. */
function octal(number: number): string {
  return number.toString(8).padStart(11, '0');
}

/** Such as `30 mtime=1350244992.023960108`: the number counts itself. */
function record(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`, 'utf8');
  let octets = rest.length + 1;
  while (String(octets).length + rest.length !== octets)
    octets = String(octets).length + rest.length;
  return Buffer.concat([Buffer.from(String(octets)), rest]);
}
