/** Why a schema registry could not be asked, as the errors of the agent. Messages name its address, never what was sent there. */
import { AgentError } from '../../core/errors.ts';
import { excerpt } from '../../core/text.ts';
import { Oversize } from '../http/exchange.ts';

export interface Asked {
  /** Address of the registry. */
  readonly base: string;
  readonly timeoutMs: number;
}

const CERTIFICATE = 'Set registry.tls.ca to the PEM file of the authority that signed its certificate.';
const CLIENT_CERTIFICATE = 'It may want a certificate of the agent: set registry.tls.cert and registry.tls.key.';
/** Codes of Node.js and OpenSSL; what remains is explained by its code alone. */
const FIXES: readonly (readonly [code: RegExp, fix: string])[] = [
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'Check the name in registry.url, and the name servers of this machine.'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/, 'Start it, or correct registry.url; what was accepted is kept meanwhile.'],
  [/ISSUER_CERT|SELF_SIGNED|UNABLE_TO_VERIFY/, CERTIFICATE],
  [/ALTNAME|HOSTNAME_MISMATCH/, 'Use the name that is in its certificate, or write that name as registry.tls.server_name.'],
  [/^CERT_/, 'Renew the certificate of the registry, or check the clock of this machine.'],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH/, 'It does not speak TLS there: write http:// in registry.url, or the port for TLS.'],
  [/^(HPE_|ECONNRESET)/, 'Something else may be there: check port and scheme (http:// or https://) of registry.url.'],
  [/ALERT|HANDSHAKE/, CLIENT_CERTIFICATE],
  [/^ERR_(OSSL|SSL|TLS|CRYPTO)|PEM/, 'Check the files of registry.tls.'],
];

/** What `exchange` rejected with. */
export function connectionTrouble({ base, timeoutMs }: Asked, cause: unknown, isTimeout: boolean): AgentError {
  if (cause instanceof Oversize) return strange(base, `answers with ${cause.message}`);
  const code = codeOf(cause);
  const reason = isTimeout ? `no answer within ${timeoutMs} ms` : (code ?? excerpt(messageOf(cause), 200));
  const fix = isTimeout ? 'Check that it works; registry.timeout may be too short.' : FIXES.find(([known]) => known.test(code ?? ''))?.[1];
  return new AgentError('REGISTRY_UNREACHABLE', `the schema registry ${base} cannot be reached: ${reason}`, {
    // The parser's error carries all that was received.
    ...(code?.startsWith('HPE_') === true ? {} : { cause }),
    context: { url: base },
    fix: fix ?? 'Check registry.url and the network; what was accepted is kept meanwhile.',
  });
}

/** It answers, but not as a schema registry does. */
export function strange(base: string, what: string): AgentError {
  return new AgentError('REGISTRY_REFUSED', `${base} ${what}, which is not the answer of a schema registry`, {
    context: { url: base },
    fix: 'Correct registry.url: it ends where /subjects begins (Apicurio: http://HOST:8080/apis/ccompat/v7).',
  });
}

/** None of several addresses answers: all reasons, and the fix of the first. */
export function nobodyAnswers(errors: readonly AgentError[]): AgentError {
  const [first] = errors;
  if (first === undefined) return new AgentError('BUG', 'a schema registry without an address was asked');
  if (errors.length === 1) return first;
  const { fix, cause } = first;
  return new AgentError('REGISTRY_UNREACHABLE', errors.map(({ message }) => message).join('; '), {
    cause,
    context: { urls: errors.map(({ context }) => context['url']) },
    ...(fix === undefined ? {} : { fix }),
  });
}

/** Of OpenSSL's errors that come as EPROTO, `ERR_SSL_` and what their text says, as Node.js names the others. */
function codeOf(cause: unknown): string | undefined {
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (typeof code !== 'string') return undefined;
  const [, reason] = /:SSL routines:[^:]*:([^:]+):/.exec(messageOf(cause)) ?? [];
  return code !== 'EPROTO' || reason === undefined ? code : `ERR_SSL_${reason.toUpperCase().replaceAll(/\W+/g, '_')}`;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
