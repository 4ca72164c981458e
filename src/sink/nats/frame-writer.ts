import type { NatsConnection } from '@nats-io/transport-node';
import { AgentError } from '../../core/errors.ts';
import { LENGTH_BYTES } from './message.ts';
import type { Message } from './message.ts';

/** What takes bytes of the protocol as they are: below what the client calls its interface. */
interface Outlet {
  sendCommand(frames: Uint8Array): void;
  flushPending(): void;
}

/** As much as is handed to the socket at once. */
const SLAB_BYTES = 256 * 1024;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Writes messages as frames of the protocol (`HPUB subject [reply] header-size size`, headers, content), many into one slab that goes to the socket as it is. The
 * client's own `publish` takes four times as long for one: it makes four buffers and an object for each, and copies them together.
 */
export class FrameWriter {
  readonly #outlet: Outlet;
  #slab = Buffer.allocUnsafe(SLAB_BYTES);
  #used = 0;

  constructor(connection: NatsConnection) {
    this.#outlet = outletOf(connection);
  }

  /** `reply`: where the answer goes; empty: nobody wants one. */
  write(message: Message, headers: string, reply: string): void {
    const { envelope, events, isBatch } = message;
    const command = `HPUB ${envelope.subject} ${reply === '' ? '' : `${reply} `}${headers.length} ${headers.length + message.size}\r\n${headers}`;
    this.#make(command.length + message.size + 2);
    this.#used += this.#slab.write(command, this.#used, 'latin1');
    for (const { bytes } of events) {
      if (isBatch) this.#used = this.#slab.writeUInt32BE(envelope.prefix.length + bytes.length, this.#used);
      const { prefix } = envelope;
      for (let i = 0; i < prefix.length; i++) this.#slab[this.#used++] = prefix[i] as number;
      this.#append(bytes);
    }
    this.#slab[this.#used++] = CR;
    this.#slab[this.#used++] = LF;
  }

  /** What was written goes to the socket. */
  flush(): void {
    if (this.#used === 0) return;
    // The rest of the slab is used on: what was handed out is not written to again.
    this.#outlet.sendCommand(this.#slab.subarray(0, this.#used));
    // One slab at a time is not copied together with others.
    this.#outlet.flushPending();
    this.#slab = this.#slab.subarray(this.#used);
    this.#used = 0;
  }

  #make(room: number): void {
    if (this.#slab.length - this.#used >= room) return;
    this.flush();
    if (this.#slab.length < room) this.#slab = Buffer.allocUnsafe(Math.max(SLAB_BYTES, room));
  }

  #append(bytes: Uint8Array): void {
    this.#slab.set(bytes, this.#used);
    this.#used += bytes.length;
  }
}

/** Bytes that a message takes on the way, about. */
export function frameBytes({ size, events }: Message, headers: string): number {
  return size + headers.length + LENGTH_BYTES * events.length;
}

/** The version of the client is fixed, and so is what is inside; a test says so when it is another. */
function outletOf(connection: NatsConnection): Outlet {
  const { protocol } = connection as unknown as { readonly protocol?: Partial<Outlet> };
  if (typeof protocol?.sendCommand !== 'function' || typeof protocol.flushPending !== 'function')
    throw new AgentError('BUG', 'the client of NATS is not the one that this was made for');
  return protocol as Outlet;
}
