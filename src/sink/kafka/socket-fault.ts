import { KafkaFault } from './fault.ts';

/** Codes of Node.js and OpenSSL for: one side does not trust the other, or they do not understand each other. */
const TLS = /^(ERR_(SSL|TLS|OSSL)_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;
const CODE = /^E[A-Z0-9_]+$/;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'broke the connection',
  EPIPE: 'broke the connection',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ENOTFOUND: 'is no known host',
  EAI_AGAIN: 'cannot be looked up now',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'wants a certificate of the client',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'ended the TLS handshake: it may want a certificate of the client',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': 'ended the TLS handshake: it may want a certificate of the client',
  // What Java says where there is none. OpenSSL has two names for it, by its version.
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'wants a certificate of the client, or another one',
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': 'wants a certificate of the client, or another one',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate of an unknown CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate of an unknown CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a certificate of an unknown CA',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate of its own making',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
};

/** What the operating system or TLS said, if it is among the causes. */
export function socketFault(chain: readonly Error[], where: string): KafkaFault | undefined {
  for (const error of chain) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') continue;
    const words = `${where} ${WORDS[code] ?? `fails: ${error.message.trim()}`} (${code})`;
    if (TLS.test(code)) return new KafkaFault('TLS', words, { cause: error });
    if (CODE.test(code) && error.message !== '')
      return new KafkaFault(code === 'ETIMEDOUT' ? 'TIMEOUT' : 'NETWORK', words, { cause: error });
  }
  return undefined;
}
