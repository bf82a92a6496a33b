/**
 * The one parser of login names: whose secret it is (the actor), and whose maildrop is to be opened
 * when that is another's. Every way to log in passes its names through here.
 *
 *   user                            with the default domain; bare where there is none
 *   user@domain
 *   domain\user
 *   domain\user/mailbox             log on as user, open mailbox of the same domain
 *   domain\user/mailbox@domain
 *   user@domain/mailbox             log on as user, open mailbox of the same domain
 *   user@domain/mailbox@domain
 *   user*master                     log on as master, open user; either side with its domain or
 *   user@domain*master@domain       with the default one, never with the other side's
 *
 * and an authorization identity beside it (RFC 4422 §2), which is `user` or `user@domain`.
 *
 * A `/` separates only behind a name that is complete, that is behind an `@` or a `\`: a local part
 * may hold one (RFC 5322 §3.2.3). The master separator always separates where one is configured.
 *
 * Never: a maildrop that is not written there; a part that is changed. Case, Unicode and IDN are
 * canonicalised by whoever looks the parts up, and what that could turn into a delimiter or white
 * space is refused here, so that nothing is read differently afterwards.
 */

import { domainPartOctetsMax, localPartOctetsMax } from '../limits.ts';
import { utf8Octets } from '../wire/utf8.ts';

export interface LoginNameRule {
  /** The domain of a name without one; null: such a name stays bare. */
  readonly defaultDomain: string | null;
  /** One character, none of `@ / \`, or null: nobody logs on as a master. */
  readonly masterSeparator: string | null;
}

export interface LoginName {
  /** Whose secret it is: `user@domain`, or bare. */
  readonly actor: string;
  /** Whose maildrop is to be opened, in the same forms; null: the actor's own. */
  readonly maildrop: string | null;
}

const delimiters = ['@', '/', '\\'];
/** White space and controls of any script, and surrogates on their own. */
const unspeakable = /[\s\p{Cc}\p{Cs}]/u;

const printableAscii = /^[!-~]*$/;

/** @returns null if it is none of the forms. Never throws, whatever the texts are. */
export function parseLoginName(
  authenticationId: string,
  authorizationId: string,
  rule: LoginNameRule,
): LoginName | null {
  if (isDisguised(authenticationId, rule) || isDisguised(authorizationId, rule)) return null;
  const written = parseWritten(authenticationId, rule);
  if (written === null || authorizationId === '') return written;
  const authorized = parsePlain(authorizationId, rule);
  if (authorized === null) return null;
  // Two maildrops are one too many, also when the second is the actor's own.
  if (written.maildrop !== null && written.maildrop !== authorized) return null;
  return loginName(written.actor, authorized);
}

/** Whether anything in the text is, or may be canonicalised to, what no part of a name may hold. */
function isDisguised(text: string, { masterSeparator }: LoginNameRule): boolean {
  // Which is what it is in every form.
  if (printableAscii.test(text)) return false;
  const mapped = text.normalize('NFKC');
  if (unspeakable.test(text) || unspeakable.test(mapped)) return true;
  return [...delimiters, masterSeparator ?? '@'].some(
    (delimiter) => text.split(delimiter).length !== mapped.split(delimiter).length,
  );
}

function parseWritten(text: string, rule: LoginNameRule): LoginName | null {
  const { masterSeparator } = rule;
  if (masterSeparator !== null && text.includes(masterSeparator)) {
    const [maildrop = '', master = '', ...more] = text.split(masterSeparator);
    if (more.length > 0) return null;
    return loginName(parseFull(master, rule), parseFull(maildrop, rule));
  }
  const complete = text.search(/[@\\]/);
  const slash = complete === -1 ? -1 : text.indexOf('/', complete);
  if (slash === -1) {
    const actor = parseFull(text, rule);
    return actor === null ? null : { actor, maildrop: null };
  }
  const actor = parseFull(text.slice(0, slash), rule);
  if (actor === null) return null;
  const sameDomain = { ...rule, defaultDomain: actor.slice(actor.indexOf('@') + 1) };
  return loginName(actor, parsePlain(text.slice(slash + 1), sameDomain));
}

function loginName(actor: string | null, maildrop: string | null): LoginName | null {
  if (actor === null || maildrop === null) return null;
  return { actor, maildrop: maildrop === actor ? null : maildrop };
}

/** `user`, `user@domain` or `domain\user`. */
function parseFull(text: string, rule: LoginNameRule): string | null {
  const backslash = text.indexOf('\\');
  if (backslash === -1) return parsePlain(text, rule);
  return join(text.slice(backslash + 1), text.slice(0, backslash), rule);
}

/** `user` or `user@domain`. */
function parsePlain(text: string, rule: LoginNameRule): string | null {
  const at = text.indexOf('@');
  if (at === -1) return join(text, rule.defaultDomain, rule);
  return join(text.slice(0, at), text.slice(at + 1), rule);
}

function join(local: string, domain: string | null, rule: LoginNameRule): string | null {
  if (!isPart(local, ['@', '\\'], rule) || utf8Octets(local) > localPartOctetsMax) return null;
  if (domain === null) return local;
  if (!isPart(domain, delimiters, rule) || utf8Octets(domain) > domainPartOctetsMax) return null;
  return `${local}@${domain}`;
}

function isPart(part: string, without: readonly string[], rule: LoginNameRule): boolean {
  if (part === '') return false;
  const { masterSeparator } = rule;
  if (masterSeparator !== null && part.includes(masterSeparator)) return false;
  return !without.some((delimiter) => part.includes(delimiter));
}
