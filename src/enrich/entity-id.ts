/**
 * `entity_id` of a process: a UUIDv8 (RFC 9562) that names (boot, pid, start) without hashing each process.
 * It is injective within a boot, and an analyst can read pid and start back out of it.
 *
 *   bits    0 –  47  SHA-256(boot id), bits 0–47
 *   bits   48 –  51  version: 8
 *   bits   52 –  57  SHA-256(boot id), bits 48–53
 *   bits   58 –  63  pid, upper 6 of 22 bits (PID_MAX_LIMIT is 2^22)
 *   bits   64 –  65  variant: binary 10
 *   bits   66 –  81  pid, lower 16 bits
 *   bits   82 – 127  start, 46 bits: ticks of 1/100 s (USER_HZ) of CLOCK_BOOTTIME, as /proc/<pid>/stat prints; all ones: not known
 *
 * 54 bits of boot hash: two of a million boots of a fleet share them with a chance of 1 in 36,000, and then
 * the same pid would have to start in the same tick.
 */
import { createHash } from 'node:crypto';
import type { Uuid } from '../core/event.ts';
import type { UuidSlab } from './uuid-slab.ts';

const BOOT_LOW = 6;
const TICKS_LOW_BITS = 2 ** 40;
const TICKS_LOW_BYTES = 5;

export class EntityIds {
  readonly #boot: Buffer;
  readonly #bootTail: number;
  readonly #slab: UuidSlab;

  constructor(bootId: Uuid, slab: UuidSlab) {
    const hash = createHash('sha256').update(bootId).digest();
    this.#boot = hash.subarray(0, BOOT_LOW);
    this.#bootTail = (hash[BOOT_LOW] as number) >>> 2;
    this.#slab = slab;
  }

  /** @param startTicks `UNKNOWN_TICKS` where nobody knows: such an id names "some process with this pid". */
  of(pid: number, startTicks: number): Uuid {
    const id = this.#slab.next();
    const ticksHigh = Math.floor(startTicks / TICKS_LOW_BITS) & 0x3f;
    for (let at = 0; at < BOOT_LOW; at++) id[at] = this.#boot[at] as number;
    id[6] = 0x80 | (this.#bootTail >>> 2);
    id[7] = ((this.#bootTail & 0x03) << 6) | ((pid >>> 16) & 0x3f);
    id[8] = 0x80 | ((pid >>> 10) & 0x3f);
    id[9] = (pid >>> 2) & 0xff;
    id[10] = ((pid & 0x03) << 6) | ticksHigh;
    id.writeUIntBE(startTicks % TICKS_LOW_BITS, 11, TICKS_LOW_BYTES);
    return id;
  }
}
