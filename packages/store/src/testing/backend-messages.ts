/**
 * Messages as a PostgreSQL server sends them, for tests of what reads them.
 *
 * Rules: PostgreSQL documentation, "Message Formats" (protocol 3.0).
 */

export function message(code: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.write(code, 0, 'latin1');
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

export const parseComplete = message('1', Buffer.alloc(0));
export const bindComplete = message('2', Buffer.alloc(0));
export const noData = message('n', Buffer.alloc(0));
export const readyForQuery = message('Z', Buffer.from('I'));

/** Of columns of these types. */
export function rowDescription(oids: readonly number[] = [25, 17]): Buffer {
  const columns = oids.map((oid, nth) => {
    const rest = Buffer.alloc(18);
    rest.writeUInt32BE(oid, 6);
    rest.writeInt16BE(1, 16);
    return Buffer.concat([Buffer.from(`column ${nth}\0`), rest]);
  });
  return message('T', Buffer.concat([Buffer.from([0, oids.length]), ...columns]));
}

export function dataRow(...values: readonly (string | Uint8Array)[]): Buffer {
  const fields = values.flatMap((value) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    return [length, bytes];
  });
  return message('D', Buffer.concat([Buffer.from([0, values.length]), ...fields]));
}
