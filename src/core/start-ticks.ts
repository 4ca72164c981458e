import type { Uuid } from './event.ts';

/**
 * The start of a process within its entity_id (layout: `src/enrich/entity-id.ts`): 46 bits of ticks of 1/100 s of CLOCK_BOOTTIME, as
 * /proc/<pid>/stat prints them.
 */

/** Stands for a start that is not known; no machine runs for 22,000 years. */
export const UNKNOWN_TICKS = 2 ** 46 - 1;

const TICKS_LOW_BITS = 2 ** 40;
const TICKS_LOW_BYTES = 5;

/** In ticks; `UNKNOWN_TICKS` where the id says so. */
export function startTicksOf(id: Uuid): number {
  return ((id[10] as number) & 0x3f) * TICKS_LOW_BITS + id.readUIntBE(11, TICKS_LOW_BYTES);
}
