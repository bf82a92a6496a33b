/**
 * Where a node listens, and whom it believes a PROXY header: these settings and their defaults.
 *
 * Never: a listener for PROXY headers that nobody asked for.
 */

import type {
  Address,
  Config,
  Listeners,
  Pop3Listener,
  Pop3TlsMode,
  TcpAddress,
} from './config.ts';
import * as value from './parse-value.ts';
import type { Settings } from './settings.ts';

interface TcpSetting {
  readonly key: keyof Listeners;
  readonly variable: string;
  /** On loopback; null keeps it off. */
  readonly port: number | null;
}

export function takeListeners(settings: Settings): Listeners {
  const tcp = ({ key, variable, port }: TcpSetting): TcpAddress | null =>
    settings.take<TcpAddress | null>({
      key: `listeners.${key}`,
      variable,
      parse: value.optional(value.tcpAddress),
      fallback: port === null ? null : { host: '127.0.0.1', port },
    });
  const domain = (key: keyof Listeners, variable: string): string | null =>
    settings.take<string | null>({
      key: `listeners.${key}`,
      variable,
      parse: value.optional(value.text),
      fallback: null,
    });
  const pop3 = tcp({ key: 'pop3', variable: 'POPLAR_LISTEN_POP3', port: 1110 });
  const mode = settings.take<Pop3TlsMode>({
    key: 'listeners.pop3Tls',
    variable: 'POPLAR_POP3_TLS',
    parse: value.oneOf(['stls', 'none']),
    fallback: 'stls',
  });
  const pop3s = tcp({ key: 'pop3s', variable: 'POPLAR_LISTEN_POP3S', port: 1995 });
  const proxied = {
    pop3: tcp({ key: 'pop3Proxy', variable: 'POPLAR_LISTEN_POP3_PROXY', port: null }),
    pop3s: tcp({ key: 'pop3sProxy', variable: 'POPLAR_LISTEN_POP3S_PROXY', port: null }),
  };
  return {
    pop3: withMode(pop3, mode),
    pop3s: withMode(pop3s, 'implicit'),
    pop3Proxy: withMode(proxied.pop3, mode),
    pop3sProxy: withMode(proxied.pop3s, 'implicit'),
    pop3DefaultDomain: domain('pop3DefaultDomain', 'POPLAR_POP3_DEFAULT_DOMAIN'),
    pop3sDefaultDomain: domain('pop3sDefaultDomain', 'POPLAR_POP3S_DEFAULT_DOMAIN'),
    lmtp: settings.take<readonly Address[]>({
      key: 'listeners.lmtp',
      variable: 'POPLAR_LISTEN_LMTP',
      parse: value.list(value.address),
      fallback: [{ host: '127.0.0.1', port: 2424 }],
    }),
    ops: tcp({ key: 'ops', variable: 'POPLAR_LISTEN_OPS', port: 9110 }),
    admin: tcp({ key: 'admin', variable: 'POPLAR_LISTEN_ADMIN', port: 8110 }),
  };
}

function withMode(address: TcpAddress | null, tls: Pop3TlsMode): Pop3Listener | null {
  return address === null ? null : { ...address, tls };
}

export function takeProxy(settings: Settings): Config['proxy'] {
  return {
    trusted: settings.take<readonly string[]>({
      key: 'proxy.trusted',
      variable: 'POPLAR_PROXY_TRUSTED',
      parse: value.list(value.network),
      fallback: ['127.0.0.0/8', '::1/128'],
    }),
  };
}
