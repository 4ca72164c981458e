/**
 * The digest of CHECKPOINT: Σ modulo 2^64 of hash(agent_id, sequence) over a set of events. It does not depend on their order, and what is
 * added can be taken out again, so that whoever has the events can prove that they are the very ones that were accepted.
 *
 *     key     = agent_id (16 bytes) | sequence (8 bytes, little-endian)
 *     hash    = high << 32 | low
 *     low     = MurmurHash3_x86_32(key, seed 0)
 *     high    = MurmurHash3_x86_32(key, seed 0x9747b28c)
 *
 * MurmurHash3 (Austin Appleby, public domain) mixes all bits of neighbouring numbers, is a few lines in any language, and takes 32-bit
 * multiplications only, which BigInt arithmetic would not. It protects against loss and mistakes, not against who forges on purpose.
 */
const LOW_SEED = 0;
const HIGH_SEED = 0x9747b28c;
const KEY_BYTES = 24;
const TWO_32 = 2 ** 32;

function mix(hash: number, block: number): number {
  const scrambled = Math.imul(rotate(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotate(hash ^ scrambled, 13), 5) + 0xe6546b64) | 0;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function finish(hash: number): number {
  let h = hash ^ KEY_BYTES;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The state after the part of the key that is the same for all events of a run. */
function begin(agentId: Uint8Array, seed: number): number {
  let hash = seed | 0;
  for (let i = 0; i < 16; i += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = agentId.subarray(i, i + 4);
    hash = mix(hash, a | (b << 8) | (c << 16) | (d << 24));
  }
  return hash;
}

/** Hashes the events of one run. The words are signed: numbers of 32 bits, which cost no memory. */
export class EventHash {
  /** Of the last `of`. */
  low = 0;
  high = 0;
  readonly #low: number;
  readonly #high: number;

  constructor(agentId: Uint8Array) {
    this.#low = begin(agentId, LOW_SEED);
    this.#high = begin(agentId, HIGH_SEED);
  }

  of(sequence: number): this {
    const first = sequence | 0;
    const second = (sequence / TWO_32) | 0;
    this.low = finish(mix(mix(this.#low, first), second));
    this.high = finish(mix(mix(this.#high, first), second));
    return this;
  }
}

/** Two signed 32-bit words of one 64-bit number. */
export interface Words {
  readonly low: number;
  readonly high: number;
}

/** A sum modulo 2^64. */
export class Digest implements Words {
  low: number;
  high: number;

  constructor({ low, high }: Words = { low: 0, high: 0 }) {
    this.low = low;
    this.high = high;
  }

  add({ low, high }: Words): this {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.high = (this.high + high + (sum >= TWO_32 ? 1 : 0)) | 0;
    this.low = sum | 0;
    return this;
  }

  subtract({ low, high }: Words): this {
    const borrow = this.low >>> 0 < low >>> 0 ? 1 : 0;
    this.high = (this.high - high - borrow) | 0;
    this.low = (this.low - low) | 0;
    return this;
  }

  equals({ low, high }: Words): boolean {
    return this.low === low && this.high === high;
  }

  /** Big-endian, as in the schema. */
  bytes(): Buffer {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeInt32BE(this.high, 0);
    bytes.writeInt32BE(this.low, 4);
    return bytes;
  }

  static from(bytes: Uint8Array): Digest {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new Digest({ high: view.getInt32(0), low: view.getInt32(4) });
  }
}
