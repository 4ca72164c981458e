import { VECTORS, datagram } from '../unit/ingest/proc-connector/vectors.ts';
import type { Random } from './random.ts';

const BYTES = 76;
const MAX_BYTES = 512;
const CPUS = 4;
/** Numbers that fields, lengths and bounds turn on. */
const TURNING = [0, 1, 2, 39, 40, 41, 60, 75, 76, 77, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const BYTE_TURNING = [0, 1, 0x7f, 0x80, 0xff];
/** Known kinds, the filter bit that is none, and bits next to them. */
const WHATS = [0, 1, 2, 4, 8, 0x40, 0x80, 0x100, 0x200, 0x400, 0x20000000, 0x40000000, 0x80000000, 0x80000001, 0xffffffff];
const FIELD = { nlLength: 0, nlType: 4, cnSeq: 24, cnLength: 32, what: 36, cpu: 40, stamp: 44, union: 52 } as const;

/** Beyond the largest pid there can be (2^22), so that as a rule there is nothing in /proc to capture. */
const NOBODY = 0x800000;

/** What the mutations start from: datagrams of a live kernel, and one of each kind they lack. */
const CORPUS: readonly Buffer[] = [
  ...[VECTORS.ACK, VECTORS.FORK, VECTORS.EXIT].map((hex) => Buffer.from(hex, 'hex')),
  Buffer.concat([Buffer.from(VECTORS.EXEC, 'hex').subarray(0, 52), datagram({ what: 0, words: [NOBODY, NOBODY] }).subarray(52)]),
  datagram({ what: 4, words: [24020, 24020, 1000, 0] }),
  datagram({ what: 0x40, words: [24020, 24020, 100, 100] }),
  datagram({ what: 0x80, words: [24020, 24020] }),
  datagram({ what: 0x100, words: [24020, 24020, 99, 98] }),
  datagram({ what: 0x200, words: [24020, 24020, 0x6f632d61, 0x72656d6d, 0x6d616e2d, 0x65] }),
  datagram({ what: 0x40000000, words: [24020, 24020, 23979, 23979] }),
  datagram({ what: 0x80000000, words: [24021, 24020, 0x8b, 0xffffffff] }),
];

/** One that brings a capture, and with it frames that are cut in two. */
const SELF = datagram({ what: 2, words: [process.pid, process.pid] });

type Mutation = (to: MutatedDatagram, random: Random) => void;

const MUTATIONS: readonly Mutation[] = [
  ({ bytes, length }, random) => flip(bytes, random.below(8 * length)),
  ({ bytes, length }, random) => (bytes[random.below(length)] = random.oneIn(2) ? random.u32() : random.pick(BYTE_TURNING)),
  ({ bytes }, random) => bytes.writeUInt32LE(random.oneIn(2) ? random.u32() : random.pick(TURNING), 4 * random.below(BYTES / 4)),
  (to, random) => (to.length = random.below(BYTES + 1)),
  (to, random) => extend(to, random),
  ({ bytes }, random) => random.pick(CORPUS).copy(bytes, ...slice(random)),
  ({ bytes }, random) => bytes.writeUInt32LE(random.oneIn(3) ? random.u32() : random.pick(WHATS), FIELD.what),
  ({ bytes }, random) => bytes.writeUInt32LE(random.oneIn(3) ? random.u32() : random.pick(TURNING), FIELD.cpu),
  ({ bytes }, random) => bytes.writeUInt32LE((1 << random.below(32)) >>> 0, FIELD.cpu),
  (to, random) => to.renumber(random),
  ({ bytes }, random) => bytes.writeUInt32LE(random.pick(TURNING), FIELD.nlLength),
  ({ bytes }, random) => bytes.writeUInt16LE(random.below(8), FIELD.nlType),
  ({ bytes }, random) => bytes.writeUInt16LE(random.pick(TURNING) & 0xffff, FIELD.cnLength),
  (to, random) => (to.sender = random.oneIn(2) ? random.u32() : random.pick(TURNING)),
  ({ bytes }, random) => bytes.writeUInt32LE(random.u32(), FIELD.stamp + 4 * random.below(2)),
  ({ bytes }, random) => noise(bytes, FIELD.union, BYTES, random),
  ({ bytes }, random) => noise(bytes, random.below(BYTES), BYTES, random),
];

function flip(bytes: Buffer, bit: number): void {
  bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
}

function extend(to: MutatedDatagram, random: Random): void {
  const from = to.length;
  to.length = Math.min(MAX_BYTES, from + 1 + random.below(MAX_BYTES - from));
  noise(to.bytes, from, to.length, random);
}

/** Where to copy to, and from where to where. */
function slice(random: Random): [number, number, number] {
  const from = random.below(BYTES);
  const to = from + 1 + random.below(BYTES - from);
  return [random.oneIn(4) ? random.below(BYTES) : from, from, to];
}

function noise(bytes: Buffer, from: number, to: number, random: Random): void {
  for (let at = from; at < to; at += 1) bytes[at] = random.u32();
}

/** One datagram at a time, in memory that is used again and again. */
class MutatedDatagram {
  readonly bytes = Buffer.alloc(MAX_BYTES);
  length = BYTES;
  sender = 0;
  readonly #seqs: Uint32Array;

  constructor(seqs: Uint32Array) {
    this.#seqs = seqs;
  }

  /** A healthy one: numbered on its CPU, the next in time. */
  begin(base: Buffer, { cpu, ns }: { cpu: number; ns: number }): void {
    base.copy(this.bytes);
    this.length = BYTES;
    this.sender = 0;
    const seq = (this.#seqs[cpu] = (this.#seqs[cpu] as number) + 1);
    this.bytes.writeUInt32LE(seq >>> 0, FIELD.cnSeq);
    this.bytes.writeUInt32LE(cpu, FIELD.cpu);
    this.bytes.writeUInt32LE(ns >>> 0, FIELD.stamp);
    this.bytes.writeUInt32LE(Math.floor(ns / 2 ** 32), FIELD.stamp + 4);
  }

  /** Another sequence: a step that means a loss, a step back, or any number; the following ones go on from it or not. */
  renumber(random: Random): void {
    const cpu = this.bytes.readUInt32LE(FIELD.cpu) % CPUS;
    const last = this.#seqs[cpu] as number;
    const seq = random.pick([last + random.below(1000), last - random.below(1000), 0xffffffff - random.below(3), random.u32()]) >>> 0;
    this.bytes.writeUInt32LE(seq, FIELD.cnSeq);
    if (random.oneIn(2)) this.#seqs[cpu] = seq;
  }
}

/** An endless stream of datagrams as a kernel of four CPUs would send them, half of them damaged in up to four ways. */
export class DatagramStream {
  readonly #random: Random;
  readonly #seqs: Uint32Array;
  readonly #pool: MutatedDatagram[] = [];
  #ns = 1e12;

  constructor(random: Random) {
    this.#random = random;
    this.#seqs = Uint32Array.from({ length: CPUS }, () => random.u32());
  }

  /** The next `count`, valid until the next call. */
  take(count: number): { readonly bytes: Buffer; readonly sender: number }[] {
    while (this.#pool.length < count) this.#pool.push(new MutatedDatagram(this.#seqs));
    return this.#pool.slice(0, count).map((to) => this.#fill(to, this.#random.oneIn(40) ? SELF : this.#random.pick(CORPUS)));
  }

  /** One that starts from this. */
  of(base: Buffer): { readonly bytes: Buffer; readonly sender: number } {
    return this.#fill(new MutatedDatagram(this.#seqs), base);
  }

  #fill(to: MutatedDatagram, base: Buffer): { bytes: Buffer; sender: number } {
    const random = this.#random;
    to.begin(base, { cpu: random.below(CPUS), ns: (this.#ns += random.below(100_000)) });
    const damages = random.oneIn(2) ? 1 + random.below(4) : 0;
    for (let i = 0; i < damages; i += 1) random.pick(MUTATIONS)(to, random);
    return { bytes: to.bytes.subarray(0, to.length), sender: to.sender };
  }
}
