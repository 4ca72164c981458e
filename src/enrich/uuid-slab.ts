import type { Uuid } from '../core/event.ts';

const UUID_BYTES = 16;
/**
 * Ids cut from one allocation. Few, because one long-lived id keeps its whole slab alive: 32 × 16 bytes bound the waste,
 * where Node's own 8 KiB pool would let a thousand daemons retain a thousand pools.
 */
const IDS_PER_SLAB = 32;

/** Cheap 16-byte buffers. What `next` returns is not initialised and becomes immutable once published. */
export class UuidSlab {
  #slab = Buffer.allocUnsafeSlow(UUID_BYTES * IDS_PER_SLAB);
  #used = 0;

  next(): Uuid {
    if (this.#used === this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(UUID_BYTES * IDS_PER_SLAB);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += UUID_BYTES;
    return this.#slab.subarray(start, this.#used);
  }
}
