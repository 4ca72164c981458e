import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import type { NatsConnectionConfig } from './config.ts';
import { addressText } from './servers-setting.ts';
import type { Server } from './servers-setting.ts';

type Security = Pick<NatsConnectionConfig, 'tls' | 'auth'>;

const WAY = 'Check the address in servers, and the firewalls on the way there.';
export const CLIENT_CERTIFICATE = 'Set tls.cert and tls.key: the server wants a certificate of the agent.';
export const OTHER_CERTIFICATE = 'Use a certificate in tls.cert of an authority that the server trusts.';

/** What to do about codes of Node.js and OpenSSL. */
const FIXES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Start the server, or correct its address in servers: nothing listens there.',
  ENOTFOUND: 'Correct the address in servers.',
  EAI_AGAIN: 'Check the name service of this machine.',
  EHOSTUNREACH: WAY,
  ENETUNREACH: WAY,
  ETIMEDOUT: WAY,
};

/** Those that somebody has to put right. */
const OF_TLS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'Have the certificate of the server renewed.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Set tls.server_name to a name that is in the certificate, or use that name in servers.',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: OTHER_CERTIFICATE,
};

/** Node.js does not know who signed the certificate. */
const OF_UNKNOWN_AUTHORITY =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?))$/;
/** What servers say of a certificate that is missing, or not to their liking. */
const ABOUT_CLIENT = /_ALERT_(BAD_CERTIFICATE|HANDSHAKE_FAILURE|CERTIFICATE_UNKNOWN)$/;

/** Why a server could not be connected to, and what to do about it. What is said already stays as it is. */
export function connectFault(thrown: unknown, server: Server, security: Security): AgentError {
  if (thrown instanceof AgentError) return thrown.fix === undefined ? withFix(thrown) : thrown;
  const error = thrown instanceof Error ? thrown : new Error('the connection was closed');
  const code = codeOf(error);
  const place = addressText(server);
  if (isAboutAuthorization(error))
    return refused(`${place}: the server does not let the agent in: ${escapeText(error.message)}`, authFix(security), error);
  const tlsFix = tlsFixOf(code, security);
  if (tlsFix !== undefined) return refused(`${place}: ${code}`, tlsFix, error);
  return new AgentError('SINK_UNREACHABLE', `${place}: ${code ?? escapeText(error.message)}`, {
    cause: error,
    fix: FIXES[code ?? ''] ?? WAY,
  });
}

export function refused(message: string, fix: string, cause?: unknown): AgentError {
  return new AgentError('SINK_REFUSED', message, { cause, fix });
}

/** Which of the keys of `auth` is to be corrected. */
function authFix({ auth }: Pick<Security, 'auth'>): string {
  switch (auth?.kind) {
    case undefined:
      return 'Add auth to the sink: token, or user and password, or nkey, or creds.';
    case 'token':
      return 'Correct auth.token, or say who the agent is in another way, if the server knows no tokens.';
    case 'password':
      return `Correct auth.user (now ${escapeText(auth.user)}) or auth.password, or what the server knows of this user.`;
    case 'nkey':
      return 'Add the public key of auth.nkey to the users of the server, or use the seed of one that it knows.';
    case 'creds':
      return 'Renew auth.creds: the server does not know its account or user, or the JWT has expired or been revoked.';
  }
}

/** What the server does not let the agent do; undefined: the error is about something else. */
export function permissionFault(error: Error, { auth }: Pick<Security, 'auth'>): AgentError | undefined {
  const { operation, subject } = error as { operation?: string; subject?: string };
  if (error.name !== 'PermissionViolationError' || subject === undefined) return undefined;
  const who = auth?.kind === 'password' ? `the user ${escapeText(auth.user)}` : 'the agent';
  const what = escapeText(subject);
  if (operation === 'publish')
    return refused(`${who} may not publish to ${what}`, `Allow ${who} to publish to it, or correct subject in the sink.`, error);
  return refused(
    `${who} may not subscribe to ${what}, where acknowledgements come to`,
    `Allow ${who} to subscribe to it, or set inbox_prefix to what it may subscribe to.`,
    error,
  );
}

/** The subject that the agent would have to be allowed to publish to; undefined: the error is about something else. */
export function missingRight(error: Error): string | undefined {
  const { operation, subject } = error as { operation?: string; subject?: string };
  if (error.name === 'PermissionViolationError' && operation === 'publish' && subject !== undefined) return escapeText(subject);
  return error.cause instanceof Error ? missingRight(error.cause) : undefined;
}

function isAboutAuthorization({ name }: Error): boolean {
  return name === 'AuthorizationError' || name === 'UserAuthenticationExpiredError';
}

function tlsFixOf(code: string | undefined, { tls }: Security): string | undefined {
  if (code === undefined) return undefined;
  if (OF_TLS[code] !== undefined) return OF_TLS[code];
  if (OF_UNKNOWN_AUTHORITY.test(code)) {
    const now = tls?.ca === null || tls === null ? '' : ` (now ${escapeText(tls.ca)})`;
    return `Set tls.ca${now} to the PEM file of the authority that signed the certificate of the server.`;
  }
  if (ABOUT_CLIENT.test(code)) return tls === null || tls.cert === null ? CLIENT_CERTIFICATE : OTHER_CERTIFICATE;
  if (/^ERR_(OSSL|SSL|TLS)/.test(code)) return 'Check tls.ca, tls.cert, tls.key and tls.server_name.';
  return undefined;
}

/** Of the error, or of what it was made from. */
function codeOf(error: Error): string | undefined {
  const { code, cause } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return cause instanceof Error ? codeOf(cause) : undefined;
}

/** Its own code says what kind of fault it is; what was the matter is what it was made from. */
function withFix({ code, message, cause, context }: AgentError): AgentError {
  const fix = FIXES[(cause instanceof Error ? codeOf(cause) : undefined) ?? ''] ?? WAY;
  return new AgentError(code, message, { cause, context, fix });
}
