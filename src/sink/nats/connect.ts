import { isIP } from 'node:net';
import { connect, credsAuthenticator, nkeyAuthenticator } from '@nats-io/transport-node';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { abortable } from '../../core/abortable.ts';
import { AgentError } from '../../core/errors.ts';
import type { SecretReference } from '../../core/secret-reference.ts';
import { secretText } from '../security/secret-text.ts';
import { readTls } from '../security/tls.ts';
import type { AuthConfig, NatsConnectionConfig } from './config.ts';
import { CLIENT_CERTIFICATE, OTHER_CERTIFICATE, connectFault, refused } from './explain.ts';
import { greetingOf } from './greeting.ts';
import type { Greeting } from './greeting.ts';
import { addressText } from './servers-setting.ts';
import type { Server } from './servers-setting.ts';

export interface ConnectDeps {
  readonly readSecret: (reference: SecretReference) => Buffer;
}

/** A connection that was made, to whom. */
export interface Connected {
  readonly connection: NatsConnection;
  readonly server: Server;
}

/** A server that is gone without a word is noticed after three of them. */
const PING_INTERVAL_MS = 10_000;
const MAX_PINGS_OUT = 2;

/**
 * Connects to the first of the servers that lets it. The connection is not made again when it ends: what was under way is for whoever asked for it to send again,
 * and secrets and certificates are read anew then. Rejects with SINK_REFUSED where a server refuses what the agent is, else with SINK_UNREACHABLE.
 */
export async function connectToAny(
  config: NatsConnectionConfig,
  servers: readonly Server[],
  { readSecret, signal }: ConnectDeps & { readonly signal: AbortSignal },
): Promise<Connected> {
  const faults: AgentError[] = [];
  for (const server of servers) {
    signal.throwIfAborted();
    try {
      return { connection: await connectTo(config, server, { readSecret, signal }), server };
    } catch (error) {
      signal.throwIfAborted();
      faults.push(connectFault(error, server, config));
    }
  }
  throw mostTelling(faults);
}

async function connectTo(
  config: NatsConnectionConfig,
  server: Server,
  { readSecret, signal }: ConnectDeps & { readonly signal: AbortSignal },
): Promise<NatsConnection> {
  const greeting = await greetingOf(server, config.connectTimeoutMs, signal);
  checkGreeting(greeting, server, config);
  const connecting = connect(connectionOptions(config, server, readSecret));
  try {
    return await abortable(connecting, signal);
  } catch (error) {
    // It may yet come.
    void connecting.then(
      (late) => late.close(),
      () => undefined,
    );
    throw greeting.tlsVerify ? certificateFault(error, server) : error;
  }
}

/** A server that does not trust a certificate hangs up, and what it says of that may be overtaken by the end of the connection. */
function certificateFault(error: unknown, server: Server): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') return error;
  return refused(`${addressText(server)} hangs up on the certificate of the agent`, OTHER_CERTIFICATE, error);
}

/** What is known to fail says why before it does: the client does not. */
function checkGreeting({ tlsRequired, tlsAvailable, tlsVerify }: Greeting, server: Server, config: NatsConnectionConfig): void {
  const wantsTls = config.tls !== null || server.encrypted;
  const place = addressText(server);
  if (wantsTls && !tlsRequired && !tlsAvailable)
    throw refused(`${place} offers no TLS`, 'Give the server a certificate (tls), or remove tls from the sink and tls:// from servers.');
  if (tlsRequired && !wantsTls) throw refused(`${place} wants TLS`, 'Add tls: { ca: … } to the sink, or write tls:// in servers.');
  if (tlsVerify && (config.tls?.cert ?? null) === null) throw refused(`${place} wants a certificate of the agent`, CLIENT_CERTIFICATE);
}

function connectionOptions(config: NatsConnectionConfig, server: Server, readSecret: ConnectDeps['readSecret']): ConnectionOptions {
  const { name, inboxPrefix, connectTimeoutMs, tls, auth } = config;
  const encrypted = tls !== null || server.encrypted;
  return {
    servers: [addressText(server)],
    name,
    inboxPrefix,
    timeout: connectTimeoutMs,
    reconnect: false,
    // Which others there are is asked of its greeting, when it is needed.
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: MAX_PINGS_OUT,
    tls: encrypted ? tlsOptions(tls, server) : null,
    ...(auth === null ? {} : credentials(auth, readSecret)),
  };
}

function tlsOptions(tls: NatsConnectionConfig['tls'], { host, tlsName = host }: Server): NonNullable<ConnectionOptions['tls']> {
  const files = tls ?? { ca: null, cert: null, key: null, serverName: null };
  const { ca, cert, key } = readTls({ ...files, serverName: null }, { section: 'tls', code: 'SINK_REFUSED' });
  const text = (pem: Buffer | undefined): string | undefined => pem?.toString('utf8');
  return {
    ...(ca === undefined ? {} : { ca: text(ca) as string }),
    ...(cert === undefined ? {} : { cert: text(cert) as string }),
    ...(key === undefined ? {} : { key: text(key) as string }),
    // Handed on to node:tls as it is; the client’s types do not know it.
    ...(nameToExpect(files.serverName ?? tlsName) as object),
  };
}

/** What the certificate must have. An address is compared, too, but cannot be asked for: RFC 6066, section 3. */
function nameToExpect(name: string): { readonly host: string } | { readonly servername: string } {
  return isIP(name) === 0 ? { servername: name } : { host: name };
}

function credentials(auth: AuthConfig, readSecret: ConnectDeps['readSecret']): Partial<ConnectionOptions> {
  if (auth.kind === 'password') return { user: auth.user, pass: secretOf(auth, 'password', readSecret) };
  const text = secretOf(auth, auth.kind, readSecret).trim();
  if (auth.kind === 'token') return { token: text };
  // The client finds no seed whose last line does not end.
  const authenticator = auth.kind === 'nkey' ? nkeyAuthenticator(Buffer.from(text)) : credsAuthenticator(Buffer.from(`${text}\n`));
  // What is no key fails here, where it can be said, and not while the connection is made.
  try {
    authenticator('proof');
  } catch (cause) {
    const what = auth.kind === 'nkey' ? 'is no seed of an NKey' : 'is no credentials file';
    const fix =
      auth.kind === 'nkey'
        ? 'Use the seed of a user, which begins with SU.'
        : 'Use the file that nsc wrote: a JWT and a seed, each between its lines.';
    throw refused(`auth.${auth.kind} ${what}`, fix, cause);
  }
  return { authenticator };
}

function secretOf({ secret }: AuthConfig, key: string, readSecret: ConnectDeps['readSecret']): string {
  try {
    return secretText(`auth.${key}`, secret, readSecret);
  } catch (cause) {
    // Whoever renews it may be about to put it there.
    if (!(cause instanceof AgentError)) throw cause;
    throw refused(cause.message, cause.fix ?? 'Put the secret where the configuration says that it is.', cause);
  }
}

/** Servers that a message names besides the first. */
const MAX_NAMED = 4;

/** A refusal before what only time mends: the others of a cluster will refuse, too. */
function mostTelling(faults: readonly AgentError[]): AgentError {
  const first = faults.find(({ code }) => code === 'SINK_REFUSED') ?? faults[0];
  if (first === undefined) return new AgentError('BUG', 'there is no server to connect to');
  const others = faults.filter((fault) => fault !== first).map(({ message }) => message);
  if (others.length === 0) return first;
  const named = [first.message, ...others.slice(0, MAX_NAMED), ...(others.length > MAX_NAMED ? ['…'] : [])].join('; ');
  return new AgentError(first.code, named, {
    cause: first,
    context: first.context,
    ...(first.fix === undefined ? {} : { fix: first.fix }),
  });
}
