/**
 * The door for tests of other packages: a session that runs without a connection.
 *
 * Never: imported by anything but tests.
 */

export {
  MemoryMaildrop,
  type MemoryMessage,
  messageOf,
  octetsOf,
  textOf,
} from '../pop3/testing/memory-maildrop.ts';
export {
  type Account,
  type Directory,
  type DriverOptions,
  SessionDriver,
} from '../pop3/testing/session-driver.ts';
export {
  type BlockOptions,
  tlsTlv,
  tlv,
  version2,
  withChecksum,
} from '../proxy/testing/header-octets.ts';
