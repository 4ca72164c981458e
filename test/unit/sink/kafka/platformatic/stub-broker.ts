import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import type { Broker, ConnectionSettings } from '../../../../../src/sink/kafka/settings.ts';

const PRODUCE = 0;
const API_VERSIONS = 18;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
const KNOWN = [
  [PRODUCE, 3, 11],
  [SASL_HANDSHAKE, 0, 1],
  [API_VERSIONS, 0, 3],
  [SASL_AUTHENTICATE, 0, 1],
] as const;

export interface StubBroker extends AsyncDisposable {
  readonly broker: Broker;
  /** All there were. */
  readonly sockets: readonly Socket[];
}

interface Behaviour {
  /** How long a log-in counts; 0: for ever. */
  readonly sessionMs?: number;
  /** The error that it answers with when asked for its versions. */
  readonly versionsError?: number;
  /** It answers nothing at all. */
  readonly isSilent?: boolean;
  /** What it answers when records come; undefined: nothing. */
  readonly produced?: Buffer;
  /** Called behind each answer. */
  readonly onAnswered?: (socket: Socket) => void;
}

/** Lets anybody in with PLAIN, and answers nothing else. */
export async function startStubBroker(behaviour: Behaviour = {}): Promise<StubBroker> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    if (behaviour.isSilent === true) socket.resume();
    else answer(socket, behaviour);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dispose = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { broker: { host: '127.0.0.1', port: (server.address() as AddressInfo).port }, sockets, [Symbol.asyncDispose]: dispose };
}

export function settingsOf(changes: Partial<ConnectionSettings>): ConnectionSettings {
  return { brokers: [], clientId: 'test', connectTimeoutMs: 30_000, requestTimeoutMs: 60_000, tls: null, sasl: null, ...changes };
}

function answer(socket: Socket, behaviour: Behaviour): void {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
      const request = received.subarray(4, 4 + received.readInt32BE(0));
      received = received.subarray(4 + request.length);
      const body = bodyFor(request.readInt16BE(0), behaviour);
      if (body === undefined) continue;
      const head = Buffer.alloc(8);
      head.writeInt32BE(4 + body.length, 0);
      request.copy(head, 4, 4, 8);
      socket.write(Buffer.concat([head, body]));
      behaviour.onAnswered?.(socket);
    }
  });
}

function bodyFor(apiKey: number, { versionsError = 0, sessionMs = 0, produced }: Behaviour): Buffer | undefined {
  if (apiKey === PRODUCE) return produced;
  if (apiKey === API_VERSIONS) return apiVersions(versionsError);
  if (apiKey === SASL_HANDSHAKE) return Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1, 0, 5]), Buffer.from('PLAIN')]);
  if (apiKey !== SASL_AUTHENTICATE) return undefined;
  // No error, no message, no bytes.
  const body = Buffer.alloc(16);
  body.writeInt16BE(-1, 2);
  body.writeBigInt64BE(BigInt(sessionMs), 8);
  return body;
}

/** Version 1: error, count, key and versions of each, throttle time. */
function apiVersions(error: number): Buffer {
  const body = Buffer.alloc(2 + 4 + KNOWN.length * 6 + 4);
  body.writeInt16BE(error, 0);
  body.writeInt32BE(KNOWN.length, 2);
  for (const [index, values] of KNOWN.entries())
    for (const [place, value] of values.entries()) body.writeInt16BE(value, 6 + index * 6 + place * 2);
  return body;
}
