import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import type { KafkaSinkConfig } from './config.ts';
import { KafkaFault } from './fault.ts';

export type Security = Pick<KafkaSinkConfig, 'tls' | 'sasl'>;

/** What was to be done with a topic. */
export interface Asked {
  readonly topic: string;
  readonly to: 'see' | 'write';
}

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
  CERT_HAS_EXPIRED: CERTIFICATE,
  ERR_TLS_CERT_ALTNAME_INVALID: 'Set tls.server_name to a name that is in the certificate, or use that name in brokers.',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: OTHER_CERTIFICATE,
  ERR_SSL_WRONG_VERSION_NUMBER: 'Name the port of a TLS listener, or remove tls from the sink.',
};

/** Node.js does not know who signed the certificate. */
const OF_UNKNOWN_AUTHORITY =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?))$/;

/** What brokers say of a certificate that is missing, or not to their liking. */
const ABOUT_CLIENT = /_ALERT_(BAD_CERTIFICATE|HANDSHAKE_FAILURE|CERTIFICATE_UNKNOWN)$/;

/** The fault with what to do about it, as far as the configuration lets one guess. What is no fault of a broker stays what it is. */
export function explain(fault: KafkaFault, security: Security, asked?: Asked): KafkaFault {
  if (fault.cause instanceof AgentError) return fault;
  const { cause, refused, triedBefore } = fault;
  const { message = fault.message, fix = fixOf(fault, security) ?? fault.fix } = refusal(fault, security, asked) ?? {};
  return new KafkaFault(fault.fault, message, { cause, refused, triedBefore, ...(fix === undefined ? {} : { fix }) });
}

interface Explanation {
  readonly message: string;
  readonly fix: string;
}

/** Who the broker takes the agent for, as its access lists call it. */
export function userText(user: string | null): string {
  return user === null ? 'this user' : `User:${user}`;
}

function refusal({ fault, message }: KafkaFault, { sasl }: Security, asked: Asked | undefined): Explanation | undefined {
  const name = sasl === null || sasl.username === '' ? null : escapeText(sasl.username);
  const who = userText(name);
  switch (fault) {
    case 'AUTHENTICATION':
    case 'SASL_AUTHENTICATION_FAILED':
      return { message: name === null ? message : `${message} (user ${name})`, fix: credentialsFix(sasl) };
    case 'CLUSTER_AUTHORIZATION_FAILED':
      return {
        message: `an access list is missing: ${who} may not write idempotently`,
        fix: `Allow ${who} to IDEMPOTENT_WRITE on the cluster, or from Kafka 2.8 on to WRITE to the topic.`,
      };
    case 'TOPIC_AUTHORIZATION_FAILED':
      return asked === undefined ? undefined : topicRight(who, asked);
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return asked === undefined ? undefined : tooLarge(fault, asked);
    case 'UNKNOWN_TOPIC_OR_PARTITION':
      return asked === undefined ? undefined : noTopic(asked);
    default:
      return undefined;
  }
}

function topicRight(who: string, { topic, to }: Asked): Explanation {
  const what = to === 'see' ? `see the topic ${topic}, if there is one` : `write to the topic ${topic}`;
  return { message: `an access list is missing: ${who} may not ${what}`, fix: `Allow ${who} to WRITE and DESCRIBE the topic ${topic}.` };
}

function tooLarge(fault: string, { topic }: Asked): Explanation {
  return {
    message: `larger than the topic ${topic} takes, by its max.message.bytes (${fault})`,
    fix: `Raise max.message.bytes of the topic ${topic}, and replay it: forkcast dlq replay.`,
  };
}

function noTopic({ topic }: Asked): Explanation {
  return { message: `the cluster has no topic ${topic}`, fix: `Create the topic ${topic}, or correct its name: forkcast creates none.` };
}

function credentialsFix(sasl: Security['sasl']): string {
  if (sasl?.mechanism === 'oauthbearer')
    return 'See the log of the broker: it refuses the token. Check its issuer, audience and scope, and the clocks.';
  return 'Correct sasl.username, sasl.password or sasl.mechanism, or what the broker knows of this user.';
}

function fixOf(fault: KafkaFault, security: Security): string | undefined {
  const { code } = (fault.cause ?? {}) as NodeJS.ErrnoException;
  const fix = code === undefined ? undefined : FIXES[code];
  if (fix !== undefined) return fix;
  if (code !== undefined && OF_UNKNOWN_AUTHORITY.test(code)) return authorityFix(security);
  if (code !== undefined && ABOUT_CLIENT.test(code)) return security.tls?.cert === null ? CLIENT_CERTIFICATE : OTHER_CERTIFICATE;
  if (fault.fault === 'TIMEOUT') return WAY;
  if (fault.fault === 'ILLEGAL_SASL_STATE')
    return 'Name the port of a listener that takes SASL, or remove sasl from the sink: this one takes none.';
  return fault.fault === 'NETWORK' ? whenCut(security) : undefined;
}

function authorityFix({ tls }: Security): string {
  const now = tls?.ca === null || tls === null ? '' : ` (now ${escapeText(tls.ca)})`;
  return `Set tls.ca${now} to the PEM file of the authority that signed the certificate of the broker.`;
}

/** Brokers hang up without a word on whoever does not speak as the listener does. */
function whenCut({ tls, sasl }: Security): string {
  if (tls !== null && sasl !== null) return 'Name the port of a listener with TLS and SASL, or remove tls or sasl from the sink.';
  if (tls !== null)
    return `Name the port of a TLS listener, or remove tls from the sink; if the listener wants SASL, add sasl${tls.cert === null ? ', if a certificate, tls.cert and tls.key' : ''}.`;
  if (sasl !== null) return 'Name the port of a SASL listener without TLS, or add tls: {} to the sink.';
  return 'Name the port of a plaintext listener without SASL, or add to the sink what this one wants: tls: {}, sasl.';
}
