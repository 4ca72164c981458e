/** As the Avro encoder's: few allocations, and yet one straggler in a queue keeps little memory alive. */
const SLAB_BYTES = 256 * 1024;
/** UTF-8 takes no more for a unit of UTF-16. */
const MAX_BYTES_PER_UNIT = 3;

/** Turns texts into UTF-8 bytes that share buffers. */
export class TextSlab {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;

  put(text: string): Uint8Array {
    const most = text.length * MAX_BYTES_PER_UNIT;
    if (most > SLAB_BYTES / 2) return Buffer.from(text, 'utf8');
    if (most > SLAB_BYTES - this.#used) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used = start + this.#slab.write(text, start, 'utf8');
    return this.#slab.subarray(start, this.#used);
  }
}
