import type { CallResult, Libc } from '../../src/ingest/native/libc.ts';

export interface FakeMessage {
  readonly bytes: Buffer;
  /** Netlink port of the sender; the kernel is 0. */
  readonly sender?: number;
}

/** What one receive returns: messages, or an errno. */
export type FakeReceive = readonly FakeMessage[] | number;

const EAGAIN = 11;
const MSG_TRUNC = 0x20;

/** Twin of the native boundary with an address space of its own, for faults that a kernel does not produce on demand. */
export class FakeLibc implements Libc {
  readonly sent: Buffer[] = [];
  readonly closed: number[] = [];
  readonly options: { option: number; value: number }[] = [];
  /** Fails calls by name with this errno. */
  readonly failing: Partial<Record<'socket' | 'bind' | 'send' | 'force', number>> = {};
  /** Called for each receive; default: nothing to hear. */
  onReceive: (count: number) => FakeReceive = () => EAGAIN;
  onSend: (message: Buffer) => void = () => undefined;
  readonly #memory: { base: number; buffer: Buffer }[] = [];
  #nextBase = 0x10000;

  #result(call: keyof FakeLibc['failing'], value: number): CallResult {
    const errno = this.failing[call];
    return errno === undefined ? { value, errno: 0 } : { value: -1, errno };
  }

  socket(): CallResult {
    return this.#result('socket', 42);
  }

  bind(): CallResult {
    return this.#result('bind', 0);
  }

  send(_fd: number, message: Uint8Array): CallResult {
    const result = this.#result('send', message.length);
    if (result.value >= 0) {
      const copy = Buffer.from(message);
      this.sent.push(copy);
      this.onSend(copy);
    }
    return result;
  }

  setsockopt(_fd: number, _level: number, option: number, value: Uint8Array): CallResult {
    this.options.push({ option, value: Buffer.from(value).readUInt32LE() });
    return option === 33 ? this.#result('force', 0) : { value: 0, errno: 0 };
  }

  getsockopt(_fd: number, _level: number, _option: number, value: Uint8Array): CallResult {
    new DataView(value.buffer, value.byteOffset).setUint32(0, 425_984, true);
    return { value: 0, errno: 0 };
  }

  recvmmsg(_fd: number, headers: Uint8Array, count: number): CallResult {
    const received = this.onReceive(count);
    if (typeof received === 'number') return { value: -1, errno: received };
    const head = Buffer.from(headers.buffer, headers.byteOffset, headers.length);
    for (const [i, message] of received.entries()) this.#deliver(head, i * 64, message);
    return received.length === 0 ? { value: -1, errno: EAGAIN } : { value: received.length, errno: 0 };
  }

  #deliver(head: Buffer, at: number, { bytes, sender }: FakeMessage): void {
    this.#write(Number(head.readBigUInt64LE(at)) + 4, u32(sender ?? 0));
    const iovec = Number(head.readBigUInt64LE(at + 16));
    const room = Number(this.#read(iovec + 8, 8).readBigUInt64LE());
    this.#write(Number(this.#read(iovec, 8).readBigUInt64LE()), bytes.subarray(0, room));
    head.writeUInt32LE(bytes.length > room ? MSG_TRUNC : 0, at + 48);
    head.writeUInt32LE(Math.min(bytes.length, room), at + 56);
  }

  poll(): CallResult {
    return { value: 1, errno: 0 };
  }

  eventfd(): CallResult {
    return { value: 43, errno: 0 };
  }

  close(fd: number): CallResult {
    this.closed.push(fd);
    return { value: 0, errno: 0 };
  }

  clockUs(clock: number): number {
    return clock === 0 ? 1_700_000_000_000_000 : Number(process.hrtime.bigint()) / 1000;
  }

  addressOf(buffer: Uint8Array): number {
    const base = this.#nextBase;
    this.#nextBase += buffer.length + 4096;
    this.#memory.push({ base, buffer: Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length) });
    return base;
  }

  #at(address: number): { buffer: Buffer; offset: number } {
    for (const { base, buffer } of this.#memory)
      if (address >= base && address < base + buffer.length) return { buffer, offset: address - base };
    throw new Error(`no buffer lies at address ${address}`);
  }

  #read(address: number, length: number): Buffer {
    const { buffer, offset } = this.#at(address);
    return buffer.subarray(offset, offset + length);
  }

  #write(address: number, bytes: Buffer): void {
    const { buffer, offset } = this.#at(address);
    if (offset + bytes.length > buffer.length) throw new Error(`a write of ${bytes.length} bytes at ${address} leaves its buffer`);
    buffer.set(bytes, offset);
  }
}

function u32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes;
}
