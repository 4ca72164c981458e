import { Digest } from '../core/digest.ts';
import type { Words } from '../core/digest.ts';
import { MAX_NAMED } from './finding.ts';
import type { Due, Interval, Known } from './interval.ts';
import type { SequenceSet } from './sequence-set.ts';

/** Beyond this a search would take seconds; then the interval is named. */
const MAX_SEARCHED = 2_000_000;

export interface Named {
  /** Accepted, and not there. */
  readonly missing: readonly number[];
  /** There, and never accepted. */
  readonly foreign: readonly number[];
}

const NOBODY: Named = { missing: [], foreign: [] };

/**
 * Which events are missing or do not belong there, where that can be told: from the holes where everything was accepted, else from the
 * difference between the digests where it is that of one event, or of one in the place of another. `due` is the digest of what must be there.
 */
export function nameThem(interval: Interval, due: Due, known: Known): Named {
  if (interval.isDense && interval.amendments.length === 0) return { missing: holes(interval, known.set), foreign: [] };
  if (interval.length > MAX_SEARCHED) return NOBODY;
  const difference = new Digest(due.digest).subtract(interval.sum);
  const missing = due.count - interval.present;
  if (missing === 1) return named(find(interval, known, { there: false, wanted: difference }), []);
  if (missing === -1) return named([], find(interval, known, { there: true, wanted: new Digest().subtract(difference) }));
  return missing === 0 ? swapped(interval, known, difference) : NOBODY;
}

const named = (missing: readonly number[], foreign: readonly number[]): Named => ({ missing, foreign });

function holes({ from, to }: Interval, set: SequenceSet): number[] {
  const found: number[] = [];
  for (let sequence = from; sequence <= to && found.length < MAX_NAMED; sequence += 1) if (set.has(sequence) !== true) found.push(sequence);
  return found;
}

function find({ from, to }: Interval, { set, hash }: Known, { there, wanted }: { there: boolean; wanted: Words }): number[] {
  for (let sequence = from; sequence <= to; sequence += 1) {
    if ((set.has(sequence) === true) !== there) continue;
    const { low, high } = hash.of(sequence);
    if (low === wanted.low && high === wanted.high) return [sequence];
  }
  return [];
}

/** One that is missing and one that is there in its place: hash(missing) − hash(there) is the difference. */
function swapped(interval: Interval, known: Known, difference: Digest): Named {
  const { set, hash } = known;
  const absent = new Map<number, number[]>();
  for (let sequence = interval.from; sequence <= interval.to; sequence += 1) {
    if (set.has(sequence) === true) continue;
    const { low } = hash.of(sequence);
    const alike = absent.get(low);
    if (alike === undefined) absent.set(low, [sequence]);
    else alike.push(sequence);
  }
  for (const sequence of set.within(interval.from, interval.to)) {
    const sought = new Digest(difference).add(hash.of(sequence));
    const match = absent.get(sought.low)?.find((other) => sought.equals(hash.of(other)));
    if (match !== undefined) return { missing: [match], foreign: [sequence] };
  }
  return NOBODY;
}
