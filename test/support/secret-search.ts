/**
 * Looks for secrets in what a program has said, in every form in which one could have slipped out:
 * as it is, in hexadecimal, percent-encoded, as the octets of a Buffer or a Uint8Array in JSON or
 * as Node prints them, and inside a base64 text at whatever place.
 *
 * Never: a secret so short that it is found by chance; a secret in the answer.
 */

const shortestSecret = 8;

export class SecretSearch {
  readonly #needles: { readonly what: string; readonly needle: string }[] = [];

  add(name: string, secret: string | Uint8Array): void {
    const octets = Buffer.from(secret);
    if (octets.length < shortestSecret) throw new Error(`${name} is too short to be looked for`);
    const hex = octets.toString('hex');
    const forms: [form: string, needle: string][] = [
      ['hex', hex],
      ['HEX', hex.toUpperCase()],
      ['printed Buffer', hex.replace(/..(?=.)/g, '$& ')],
      ['Buffer in JSON', octets.join(',')],
      ['Uint8Array in JSON', JSON.stringify(new Uint8Array(octets)).slice(1, -1)],
      ...base64Of(octets).flatMap((text): [string, string][] => [
        ['base64', text],
        ['base64url', text.replaceAll('+', '-').replaceAll('/', '_')],
      ]),
    ];
    if (typeof secret === 'string') {
      forms.push(['clear', secret], ['JSON', JSON.stringify(secret).slice(1, -1)]);
      forms.push(['percent', encodeURIComponent(secret)]);
    }
    for (const [form, needle] of forms) this.#needles.push({ what: `${name} (${form})`, needle });
  }

  /** What of it is in there, and in which form. */
  foundIn(text: string): string[] {
    return [
      ...new Set(
        this.#needles.filter(({ needle }) => text.includes(needle)).map(({ what }) => what),
      ),
    ];
  }
}

/** What a base64 text is sure to contain when these octets are in it: by their place modulo 3. */
function base64Of(octets: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), octets]).toString('base64');
    // Characters at both ends have bits of what is beside the octets.
    const whole = Math.floor(((before + octets.length) * 8) / 6);
    return text.slice(Math.ceil((before * 8) / 6), whole);
  });
}
