import kafkajs from 'kafkajs';
import type { Kafka, KafkaConfig, SASLOptions } from 'kafkajs';
import type { ConnectionSettings } from '../settings.ts';

/** Of whatever the client does; any more is the delivery policy's. At least 1, or an idempotent producer gives up on what it could know. */
export const RETRIES = 2;

/**
 * So long before its end a session is renewed. By default it is 10 s; where a new token lives no longer than that, kafkajs logs in again before each request, and brokers
 * refuse to more than once a second.
 */
const RENEW_BEFORE_MS = 2000;

/** Certificates are read now, credentials whenever a connection is made. Throws SECRET_UNREADABLE and FILE_NOT_FOUND. */
export function createClient({ brokers, clientId, tls, sasl, connectTimeoutMs, requestTimeoutMs }: ConnectionSettings): Kafka {
  return new kafkajs.Kafka({
    brokers: brokers.map(({ host, port }) => `${host}:${port}`),
    clientId,
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    reauthenticationThreshold: RENEW_BEFORE_MS,
    // Said here too: the retries of connections and metadata are within those of a send, and multiply with them.
    retry: { retries: RETRIES },
    // The delivery policy tells what goes wrong, once.
    logLevel: kafkajs.logLevel.NOTHING,
    ...(tls === null ? {} : { ssl: { ...tls.material(), ...(tls.serverName === null ? {} : { servername: tls.serverName }) } }),
    ...(sasl === null ? {} : { sasl: saslOptions(sasl) }),
  } satisfies KafkaConfig);
}

function saslOptions(sasl: NonNullable<ConnectionSettings['sasl']>): SASLOptions {
  if (sasl.mechanism === 'oauthbearer')
    return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await sasl.token() }) };
  const { mechanism, credentials } = sasl;
  // Read at each connection: kafkajs keeps the object and asks it again.
  return {
    mechanism,
    get username() {
      return credentials().username;
    },
    get password() {
      return credentials().password;
    },
  };
}
