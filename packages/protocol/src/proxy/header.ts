/**
 * What a PROXY header says, whichever version it came in, and the words for why one is refused.
 *
 * Never: a text with a control character in it, or one that is longer than `limits.ts` allows.
 */

export interface ProxyEndpoint {
  /** IPv4 dotted, IPv6 as RFC 5952 writes it. */
  readonly address: string;
  readonly port: number;
}

/** TLS that ended at the proxy. */
export interface ProxyTls {
  /** As OpenSSL calls it: `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string | null;
  /** Of the client's certificate; null unless the client presented one and it was verified. */
  readonly clientCommonName: string | null;
}

export interface ProxyHeader {
  /** Null when the connection is the proxy's own, or of a kind that has no address for us. */
  readonly source: ProxyEndpoint | null;
  readonly destination: ProxyEndpoint | null;
  /** Null when the client did not use TLS, or the proxy does not say so. */
  readonly tls: ProxyTls | null;
  /** The host name that the client asked for. */
  readonly authority: string | null;
  /** What the proxy calls this connection; `0x` and hexadecimal digits if that is not text. */
  readonly uniqueId: string | null;
}

export type ProxyRefusal =
  /** It begins like neither version. */
  | 'not-proxy'
  | 'too-long'
  /** Version 1: not exactly the line that the specification describes. */
  | 'bad-line'
  /** Version 2: a version, command, family or transport that is not assigned. */
  | 'unassigned'
  /** Version 2: too short for the addresses of its family. */
  | 'bad-length'
  | 'bad-tlv'
  | 'bad-checksum';

/** A connection of which the header says nothing: the real peer is all there is to know. */
export const unknownHeader: ProxyHeader = {
  source: null,
  destination: null,
  tls: null,
  authority: null,
  uniqueId: null,
};
