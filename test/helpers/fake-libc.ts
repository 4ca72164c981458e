import type { CallResult, Libc } from '../../src/ingest/native/libc.ts';

export interface FakeMessage {
  readonly bytes: Buffer;
  /** Netlink port of the sender; the kernel is 0. */
  readonly sender?: number;
}

/** What one receive returns: messages, or an errno. */
export type FakeReceive = readonly FakeMessage[] | number;

type Failing = 'socket' | 'bind' | 'send' | 'force' | 'filter' | 'timerfd' | 'settime' | 'setns';

const EAGAIN = 11;
const MSG_TRUNC = 0x20;
const SO_ATTACH_FILTER = 26;
const SO_RCVBUFFORCE = 33;

/** Twin of the native boundary with an address space of its own, for faults that a kernel does not produce on demand. */
export class FakeLibc implements Libc {
  /** What the socket says it dropped. */
  drops = 0;
  readonly sent: Buffer[] = [];
  readonly closed: number[] = [];
  readonly options: { option: number; value: number }[] = [];
  /** Fails calls by name with this errno. */
  readonly failing: Partial<Record<Failing, number>> = {};
  /** Bytes of the last filter attached, as the kernel would copy them. */
  filter: Buffer | undefined;
  /** Namespaces this thread was moved into, in order. */
  readonly entered: { fd: number; type: number }[] = [];
  /** Timers as set: `value` is the struct itimerspec. */
  readonly timers: { fd: number; flags: number; value: Buffer }[] = [];
  /** Called for each receive; default: nothing to hear. */
  onReceive: (count: number) => FakeReceive = () => EAGAIN;
  onSend: (message: Buffer) => void = () => undefined;
  /** Called for each read; bytes, or an errno. */
  onRead: (fd: number) => Buffer | number = () => EAGAIN;
  /** A clock's reading, microseconds. */
  onClock: (clock: number) => number = (clock) => (clock === 0 ? 1_700_000_000_000_000 : Number(process.hrtime.bigint()) / 1000);
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
    if (option === SO_ATTACH_FILTER) return this.#attach(Buffer.from(value));
    return option === SO_RCVBUFFORCE ? this.#result('force', 0) : { value: 0, errno: 0 };
  }

  /** `fprog` is struct sock_fprog: u16 instructions, padding, pointer to them. */
  #attach(fprog: Buffer): CallResult {
    const result = this.#result('filter', 0);
    if (result.value === 0) this.filter = Buffer.from(this.#read(Number(fprog.readBigUInt64LE(8)), fprog.readUInt16LE(0) * 8));
    return result;
  }

  getsockopt(_fd: number, _level: number, option: number, value: Uint8Array): CallResult {
    const view = new DataView(value.buffer, value.byteOffset);
    view.setUint32(0, 425_984, true);
    // SO_MEMINFO
    if (option === 55) view.setUint32(32, this.drops, true);
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

  /** Nobody waits: what a test has to happen meanwhile happens in an override. */
  poll(_fds?: Uint8Array, _timeoutMs?: number): CallResult {
    return { value: 1, errno: 0 };
  }

  eventfd(): CallResult {
    return { value: 43, errno: 0 };
  }

  close(fd: number): CallResult {
    this.closed.push(fd);
    return { value: 0, errno: 0 };
  }

  timerfdCreate(): CallResult {
    return this.#result('timerfd', 44);
  }

  timerfdSettime(fd: number, flags: number, value: Uint8Array): CallResult {
    this.timers.push({ fd, flags, value: Buffer.from(value) });
    return this.#result('settime', 0);
  }

  read(fd: number, into: Uint8Array): CallResult {
    const bytes = this.onRead(fd);
    if (typeof bytes === 'number') return { value: -1, errno: bytes };
    into.set(bytes.subarray(0, into.length));
    return { value: Math.min(bytes.length, into.length), errno: 0 };
  }

  setns(fd: number, type: number): CallResult {
    const result = this.#result('setns', 0);
    if (result.value === 0) this.entered.push({ fd, type });
    return result;
  }

  clockUs(clock: number): number {
    return this.onClock(clock);
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
