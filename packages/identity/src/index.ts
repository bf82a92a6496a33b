/**
 * The door of this package: who is this, and is the secret right.
 *
 * Never: SQL, POP3, a socket. It is given a record and answers.
 */

export { canonicalAddress, canonicalDomain, canonicalLoginName, canonicalName } from './address.ts';
export { verifyApop } from './apop.ts';
export { type AppPassword, makeAppPassword } from './app-password.ts';
export { VerificationCache, type VerificationCacheParts } from './cache/verification-cache.ts';
export { canonicalCertificateName } from './certificate-name.ts';
export { secretOctetsMax } from './limits.ts';
export type { TokenVerdict } from './oauth/claims.ts';
export {
  faultOf as oauthFaultOf,
  type OAuthSettings,
  TokenVerifier,
} from './oauth/token-verifier.ts';
export { type PasswdEntry, type PasswdOptions, parsePasswdLine } from './passwd-file.ts';
export { hashPassword } from './password.ts';
export {
  makePasswordRecords,
  type PasswordRecords,
  passwordProblem,
} from './password-records.ts';
export { type Argon2Costs, readStored, type StoredReading } from './schemes/index.ts';
export {
  decoyScramSecret,
  makeScramSecret,
  parseScramSecret,
  type ScramHash,
  type ScramSecret,
  verifyScramProof,
} from './scram.ts';
export { AddressCounts, type AddressCountsParts } from './throttle/address-counts.ts';
export { addressPrefixes } from './throttle/address-prefix.ts';
export {
  allocateGuards,
  type GuardSettings,
  type Guards,
  openGuards,
  openScores,
  openThrottleView,
  type SharedKeys,
  type SharedMemory,
} from './throttle/guards.ts';
export { Networks } from './throttle/networks.ts';
export type { ScoreKind } from './throttle/score-keys.ts';
export { clearingScore, type PenaltyRow, ScoreTable } from './throttle/score-table.ts';
export { type Assessment, type LoginSource, Throttle } from './throttle/throttle.ts';
export type { Throttled, ThrottleView } from './throttle/throttle-view.ts';
export { type Verdict, type Verification, Verifier, type VerifierOptions } from './verifier.ts';
