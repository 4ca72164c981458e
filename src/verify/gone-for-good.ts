import type { Amendment } from '../core/agent-event.ts';
import { Digest } from '../core/digest.ts';
import type { EventHash } from '../core/digest.ts';

/** What was replayed is expected again: what is said to be gone, without that. */
export function goneForGood(amendments: readonly Amendment[], hash: EventHash): readonly Amendment[] {
  let gone = amendments.filter(({ fate }) => fate !== 'replayed');
  if (gone.length === amendments.length) return gone;
  for (const again of amendments) if (again.fate === 'replayed') gone = gone.flatMap((one) => without(one, again, hash));
  return gone;
}

/** Of a range with holes, in which nobody knows what the rest would be, all or nothing. */
function without(gone: Amendment, again: Amendment, hash: EventHash): Amendment[] {
  if (again.to < gone.from || again.from > gone.to) return [gone];
  if (again.from <= gone.from && again.to >= gone.to) return [];
  if (!isDense(gone) || !isDense(again)) return [gone];
  return [part(gone, { from: gone.from, to: again.from - 1 }, hash), part(gone, { from: again.to + 1, to: gone.to }, hash)].filter(
    ({ count }) => count > 0,
  );
}

const isDense = ({ from, to, count }: Amendment): boolean => count === to - from + 1;

function part(gone: Amendment, { from, to }: { from: number; to: number }, hash: EventHash): Amendment {
  const digest = new Digest();
  for (let sequence = from; sequence <= to; sequence += 1) digest.add(hash.of(sequence));
  return { ...gone, from, to, count: Math.max(0, to - from + 1), digest: digest.bytes() };
}
