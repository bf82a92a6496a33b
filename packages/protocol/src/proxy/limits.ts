/**
 * Every bound of the PROXY protocol's header, with its unit and its reason. Where its specification
 * says a number, it is that number.
 */

/** Octets of a header of version 1 with its CRLF (proxy-protocol.txt §2.1). */
export const version1OctetsMax = 107;

/** Octets of a header of version 2 behind its fixed 16: HAProxy sends a few hundred at most. */
export const version2BlockOctetsMax = 4096;

/** Octets of an application protocol's name (RFC 7301 §3.1). */
export const alpnOctetsMax = 255;

/** Octets of the name a client asked for: a DNS name (RFC 6066 §3, RFC 1035 §2.3.4). */
export const authorityOctetsMax = 255;

/** Octets of a unique id (proxy-protocol.txt §2.2.5). */
export const uniqueIdOctetsMax = 128;

/** Octets of the name of a TLS version or cipher: OpenSSL's longest has less than half of it. */
export const tlsNameOctetsMax = 64;

/** Octets of a common name: 64 characters (RFC 5280 A.1), each of up to four octets in UTF-8. */
export const commonNameOctetsMax = 256;
