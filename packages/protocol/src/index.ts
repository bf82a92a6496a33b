/**
 * The door of the package: everything others may use.
 *
 * Never: a re-export of a whole file.
 */

export { BrokenInvariant } from './assert.ts';
// LMTP and the stored form of messages
export type {
  DeliveryResult,
  Envelope,
  EnvelopeRecipient,
  LmtpCloseReason,
  LmtpEffect,
  LmtpOutcome,
  LmtpStep,
} from './lmtp/effects.ts';
export { OctetBudget } from './lmtp/octet-budget.ts';
export { lmtpReplyOctets } from './lmtp/reply.ts';
export { type LmtpPhase, LmtpSession, type LmtpSessionOptions } from './lmtp/session.ts';
export { type ReceivedTrace, receivedHeader, recipientPrefix } from './lmtp/trace-headers.ts';
export { toWireMessage, WireMessage } from './lmtp/wire-message.ts';

// POP3
export { CommandTally, talliedVerbs } from './pop3/command-tally.ts';
export type {
  Attempt,
  ChannelBinding,
  CloseReason,
  Effect,
  Extent,
  Listing,
  LoginOutcome,
  MessageIndex,
  Outcome,
  Refusal,
  Step,
  TokenStatus,
} from './pop3/effects.ts';
export { type LoginName, type LoginNameRule, parseLoginName } from './pop3/login-name.ts';
export {
  type LoginDelay,
  type LoginPolicy,
  passwordLogins,
  type Secured,
} from './pop3/login-policy.ts';
export { Session, type SessionOptions } from './pop3/session.ts';
export type { Phase } from './pop3/states.ts';
// The PROXY protocol
export type { ProxyEndpoint, ProxyHeader, ProxyRefusal, ProxyTls } from './proxy/header.ts';
export { ProxyHeaderReader, type ProxyRead } from './proxy/proxy-header-reader.ts';
export type { OAuthChallenge } from './sasl/oauth.ts';
