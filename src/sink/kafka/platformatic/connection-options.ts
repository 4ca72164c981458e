import type { ConnectionOptions } from '@platformatic/kafka';
import type { ConnectionSettings } from '../settings.ts';

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
  oauthbearer: 'OAUTHBEARER',
} as const;

/** One request a partition is on its way at most, and a broker may lead many. */
const MAX_INFLIGHTS = 1000;

/** Certificates are read now, credentials when the connection is made. Without a server name that of the broker's address is asked for. Throws SECRET_UNREADABLE and FILE_NOT_FOUND. */
export function connectionOptions({ tls, sasl, connectTimeoutMs, requestTimeoutMs }: ConnectionSettings): ConnectionOptions {
  return {
    connectTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    maxInflights: MAX_INFLIGHTS,
    ...(tls === null ? {} : { tls: { ...tls.material() }, ...(tls.serverName === null ? {} : { tlsServerName: tls.serverName }) }),
    ...(sasl === null ? {} : { sasl: saslOptions(sasl) }),
  };
}

function saslOptions(sasl: NonNullable<ConnectionSettings['sasl']>): NonNullable<ConnectionOptions['sasl']> {
  const mechanism = MECHANISMS[sasl.mechanism];
  if (sasl.mechanism === 'oauthbearer') return { mechanism, token: () => sasl.token() };
  const { credentials } = sasl;
  return { mechanism, username: () => credentials().username, password: () => credentials().password };
}
