/**
 * What is asked of the crypt thread and what it answers. Data alone, for it crosses threads.
 *
 * Never: text made of a secret and something else (Dovecot CVE-2008-1218).
 */

export type CryptAlgorithm = 'sha512' | 'sha256' | 'md5';

export interface CryptJob {
  readonly algorithm: CryptAlgorithm;
  readonly secret: Uint8Array;
  /** ASCII, as it is written in the record. */
  readonly salt: string;
  readonly rounds: number;
}

export interface ToCryptWorker {
  readonly id: number;
  readonly job: CryptJob;
}

export interface FromCryptWorker {
  readonly id: number;
  readonly digest: string;
}
