import { connect } from 'node:net';
import { AgentError } from '../../core/errors.ts';
import { addressText } from './servers-setting.ts';
import type { Server } from './servers-setting.ts';

/** What a server says first to whoever connects, as far as it matters before the connection is made. */
export interface Greeting {
  readonly version: string;
  readonly tlsRequired: boolean;
  readonly tlsAvailable: boolean;
  /** Clients need a certificate. */
  readonly tlsVerify: boolean;
}

/** A greeting has a few hundred bytes, in a large cluster some KiB. */
const MAX_BYTES = 256 * 1024;
const OTHER_PORT =
  'Correct the address in servers: it must be the port for clients, 4222 by default, and not one that begins with TLS (handshake_first).';
const FULL_OR_OTHER =
  'See the log of the server, if it is one of NATS: it may have all the connections that it takes. Else correct the address in servers.';

/**
 * The greeting of a server, on a connection of its own: the client waits for one without an end, keeps the socket of a server that sends none, and does not say
 * what came in its place. Rejects with SINK_UNREACHABLE.
 */
export async function greetingOf(server: Server, timeoutMs: number, signal: AbortSignal): Promise<Greeting> {
  signal.throwIfAborted();
  const line = await firstLine(server, timeoutMs, signal);
  const info = line.startsWith('INFO ') ? parsed(line.slice(5)) : undefined;
  if (info === undefined)
    throw new AgentError('SINK_UNREACHABLE', `${addressText(server)} does not speak NATS`, {
      fix: OTHER_PORT,
    });
  const { version, tls_required, tls_available, tls_verify } = info;
  return {
    version: typeof version === 'string' ? version : 'unknown',
    tlsRequired: tls_required === true,
    tlsAvailable: tls_available === true,
    tlsVerify: tls_verify === true,
  };
}

function firstLine(server: Server, timeoutMs: number, signal: AbortSignal): Promise<string> {
  const { host, port } = server;
  return new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect({ host, port });
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      socket.removeAllListeners();
      // An error that comes later is nobody's.
      socket.on('error', () => undefined);
      socket.destroy();
      settle();
    };
    const fail = (message: string, of: { cause?: unknown; fix?: string } = {}): void =>
      end(() => reject(new AgentError('SINK_UNREACHABLE', `${addressText(server)}: ${message}`, of)));
    const aborted = (): void => end(() => reject(signal.reason as Error));
    const late = (): void => (socket.connecting ? fail('does not answer') : fail('says nothing', { fix: OTHER_PORT }));
    const timer = setTimeout(late, timeoutMs);
    signal.addEventListener('abort', aborted, { once: true });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      heard += chunk;
      const at = heard.indexOf('\r\n');
      if (at >= 0) end(() => resolve(heard.slice(0, at)));
      else if (heard.length > MAX_BYTES) end(() => resolve(''));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message, { cause: error }));
    // Refused before a word: too many connections, or a proxy without a server behind it.
    socket.on('close', () => fail('hangs up at once', { fix: FULL_OR_OTHER }));
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
