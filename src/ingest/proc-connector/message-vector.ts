/*
 * struct mmsghdr[] for recvmmsg (64-bit Linux): 64 bytes each: msghdr { ptr name, u32 namelen, ptr iov, size iovlen, ptr control, size controllen,
 * i32 flags } and u32 msg_len at 56. Names are sockaddr_nl (12 bytes; u32 port at 4). One iovec of 16 bytes a message: ptr base, size length.
 */
import type { Libc } from '../native/libc.ts';
import { DATAGRAM_BYTES } from './wire.ts';

const HEADER_BYTES = 64;
const NAME_BYTES = 12;
const IOVEC_BYTES = 16;
const MSG_TRUNC = 0x20;

/** Receive arguments that point into the ring; the owner keeps this object alive as long as it receives. */
export class MessageVector {
  readonly count: number;
  readonly headers: Buffer;
  readonly #iovecs: Uint32Array;
  readonly #names: Buffer;
  readonly #words: Uint32Array;
  readonly #nameWords: Uint32Array;
  readonly #base: number;
  readonly #stride: number;
  #pointedAt = -1;

  /** Room for `count` messages, each received at a multiple of `stride` bytes from where `pointAt` says, inside `target`. */
  constructor(libc: Libc, target: Uint8Array, { count, stride }: { count: number; stride: number }) {
    this.count = count;
    this.#stride = stride;
    this.#base = libc.addressOf(target);
    this.headers = Buffer.alloc(count * HEADER_BYTES);
    this.#names = Buffer.alloc(count * NAME_BYTES);
    const iovecs = Buffer.alloc(count * IOVEC_BYTES);
    this.#iovecs = new Uint32Array(iovecs.buffer, iovecs.byteOffset, count * (IOVEC_BYTES / 4));
    this.#words = new Uint32Array(this.headers.buffer, this.headers.byteOffset, count * (HEADER_BYTES / 4));
    this.#nameWords = new Uint32Array(this.#names.buffer, this.#names.byteOffset, count * (NAME_BYTES / 4));
    this.#link(libc.addressOf(iovecs), libc.addressOf(this.#names));
  }

  #link(iovecs: number, names: number): void {
    for (let i = 0; i < this.count; i += 1) {
      this.headers.writeBigUInt64LE(BigInt(names + i * NAME_BYTES), i * HEADER_BYTES);
      this.headers.writeUInt32LE(NAME_BYTES, i * HEADER_BYTES + 8);
      this.headers.writeBigUInt64LE(BigInt(iovecs + i * IOVEC_BYTES), i * HEADER_BYTES + 16);
      this.headers.writeBigUInt64LE(1n, i * HEADER_BYTES + 24);
      this.#iovecs[i * 4 + 2] = DATAGRAM_BYTES;
    }
  }

  /** The next receive writes message i at `offset + i * stride` of the target. */
  pointAt(offset: number): void {
    if (offset === this.#pointedAt) return;
    this.#pointedAt = offset;
    let address = this.#base + offset;
    for (let i = 0; i < this.count; i += 1, address += this.#stride) {
      this.#iovecs[i * 4] = address >>> 0;
      this.#iovecs[i * 4 + 1] = Math.floor(address / 4294967296);
    }
  }

  /** Received bytes of message i, 0 when it was larger than a datagram of ours. */
  length(i: number): number {
    const w = (i * HEADER_BYTES) / 4;
    return ((this.#words[w + 12] as number) & MSG_TRUNC) === 0 ? (this.#words[w + 14] as number) : 0;
  }

  /** Netlink port of the sender; 0 is the kernel, anything else a program that unicasts to us. */
  sender(i: number): number {
    return this.#nameWords[i * (NAME_BYTES / 4) + 1] as number;
  }
}
