import { AgentError } from '../core/errors.ts';
import type { KafkaSinkConfig } from '../sink/kafka/config.ts';
import { KafkaFault } from '../sink/kafka/fault.ts';
import { agentErrorOf } from '../sink/kafka/reaction.ts';

export type Security = Pick<KafkaSinkConfig, 'tls' | 'sasl'>;

const AUTHORITY = 'Set tls.ca to the PEM file of the authority that signed the certificate of the broker.';
const CLIENT_CERTIFICATE = 'Set tls.cert and tls.key: this listener wants a certificate of the agent.';
const OTHER_CERTIFICATE = 'Use a certificate in tls.cert of an authority that the broker trusts.';
const CERTIFICATE = 'Have the certificate of the broker renewed.';
const ADDRESS = 'Correct the address in brokers.';
const WAY = 'Check the address in brokers, and the firewalls on the way there.';

/** What to do about codes of Node.js and OpenSSL, where it takes no look at the configuration. */
const FIXES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Start the broker, or correct its address in brokers: nothing listens there.',
  ENOTFOUND: ADDRESS,
  EAI_AGAIN: 'Check the name service of this machine.',
  EHOSTUNREACH: WAY,
  ENETUNREACH: WAY,
  ETIMEDOUT: WAY,
  SELF_SIGNED_CERT_IN_CHAIN: AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: AUTHORITY,
  CERT_HAS_EXPIRED: CERTIFICATE,
  ERR_TLS_CERT_ALTNAME_INVALID: 'Set tls.server_name to a name that is in the certificate, or use that name in brokers.',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: OTHER_CERTIFICATE,
  ERR_SSL_WRONG_VERSION_NUMBER: 'Name the port of a TLS listener, or remove tls from the sink.',
};

/** What brokers say of a certificate that is missing, or not to their liking. */
const ABOUT_CLIENT = /_ALERT_(BAD_CERTIFICATE|HANDSHAKE_FAILURE|CERTIFICATE_UNKNOWN)$/;

/** The fault as an error with what to do about it, as far as the configuration lets one guess. What is no fault of a broker stays what it is. */
export function connectError(error: unknown, security: Security): AgentError {
  if (!(error instanceof KafkaFault)) return error instanceof AgentError ? error : new AgentError('BUG', String(error), { cause: error });
  const known = agentErrorOf(error);
  const fix = fixOf(error, security) ?? known.fix ?? 'Check the log of the broker.';
  return new AgentError(known.code, known.message, { cause: error, context: known.context, fix });
}

function fixOf(fault: KafkaFault, security: Security): string | undefined {
  const { code } = (fault.cause ?? {}) as NodeJS.ErrnoException;
  const fix = code === undefined ? undefined : FIXES[code];
  if (fix !== undefined) return fix;
  if (code !== undefined && ABOUT_CLIENT.test(code)) return security.tls?.cert === null ? CLIENT_CERTIFICATE : OTHER_CERTIFICATE;
  if (fault.fault === 'TIMEOUT') return WAY;
  if (fault.fault === 'ILLEGAL_SASL_STATE')
    return 'Name the port of a listener that takes SASL, or remove sasl from the sink: this one takes none.';
  return fault.fault === 'NETWORK' ? whenCut(security) : undefined;
}

/** Brokers hang up without a word on whoever does not speak as the listener does. */
function whenCut({ tls, sasl }: Security): string {
  if (tls !== null && sasl !== null) return 'Name the port of a listener with TLS and SASL, or remove tls or sasl from the sink.';
  if (tls !== null)
    return `Name the port of a TLS listener, or remove tls from the sink; if the listener wants SASL, add sasl${tls.cert === null ? ', if a certificate, tls.cert and tls.key' : ''}.`;
  if (sasl !== null) return 'Name the port of a SASL listener without TLS, or add tls: {} to the sink.';
  return 'Name the port of a plaintext listener without SASL, or add to the sink what this one wants: tls: {}, sasl.';
}
