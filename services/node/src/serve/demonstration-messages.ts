/**
 * The four messages of the demonstration mailbox, as a sender would hand them over. Each shows one
 * thing that a mail client must get back octet by octet: plain text, MIME with an attachment, lines
 * that begin with dots, and 8-bit UTF-8.
 */

const encoder = new TextEncoder();

/** A small PNG: eight by eight pixels of one green. */
const leaf = [
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQMAAAD+wSzIAAAAA1BMVEUuizf1Y7K/AAAAC0lEQVR4',
  'nGNgQAUAABAAATm9j2UAAAAASUVORK5CYII=',
];

/** Content with CRLF lines, dots not stuffed. `date` is what the Date fields say. */
export function demonstrationMessages(address: string, date: Date): readonly Uint8Array[] {
  return [plain, withAttachment, withDots, inUtf8].map((write, index) =>
    encoder.encode(
      [...head(address, date, index + 1), ...write()].map((line) => `${line}\r\n`).join(''),
    ),
  );
}

function head(address: string, date: Date, number: number): string[] {
  const [, domain = 'example.org'] = address.split('@');
  return [
    'From: Poplar <postmaster@example.org>',
    `To: ${address}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <demonstration.${number}.${date.getTime()}@${domain}>`,
    'MIME-Version: 1.0',
  ];
}

function plain(): string[] {
  return [
    'Subject: Welcome to Poplar',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'This message was delivered when the node started for the first time.',
    '',
    'It lies in PostgreSQL in the form in which POP3 sends it, and stays there',
    'until a session deletes it with DELE and ends with QUIT.',
  ];
}

function withAttachment(): string[] {
  const boundary = 'leaf-4f1c9a';
  return [
    'Subject: A leaf is attached',
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    'This is a message in MIME format.',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'The attached picture is eight by eight pixels of green.',
    `--${boundary}`,
    'Content-Type: image/png; name="leaf.png"',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename="leaf.png"',
    '',
    ...leaf,
    `--${boundary}--`,
  ];
}

function withDots(): string[] {
  return [
    'Subject: Lines that begin with dots',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'A line of one dot ends a message on the wire, so dots at the beginning of a',
    'line are doubled there and must come back as they were written:',
    '.',
    '..',
    '.hidden',
    '... and so on',
    '.',
    'This is the last line.',
  ];
}

function inUtf8(): string[] {
  const subject = Buffer.from('Grüße aus dem Pappelwald 🌳').toString('base64');
  return [
    `Subject: =?UTF-8?B?${subject}?=`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    'Grüße — 8 bits a character are enough if nobody touches them.',
    'Тополь, ポプラ, λεύκα, kavak, topol, peuplier.',
  ];
}
