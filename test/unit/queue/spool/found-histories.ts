import type { Outcome } from '../../../../src/core/queue.ts';

export type Step =
  | { readonly do: 'push'; readonly records: number; readonly size: number }
  | { readonly do: 'pull' }
  | { readonly do: 'done'; readonly which: number; readonly outcome: Outcome }
  | { readonly do: 'sync' }
  | { readonly do: 'makeRoom'; readonly pulls: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'faults'; readonly chance: number; readonly errno: string }
  | { readonly do: 'heal' }
  | { readonly do: 'restart' };

export interface History {
  readonly steps: readonly Step[];
  readonly seed: number;
  /** Where in all that is written the crash comes, as a part of it; 1: a clean end, 2: a crash after all of it. */
  readonly crash: number;
  readonly power: boolean;
  readonly small: boolean;
}

/** Histories that once went wrong. */
export const FOUND: readonly History[] = [
  {
    // Written again after a failed sync, but the old segment could not be cut.
    steps: [
      { do: 'push', records: 4, size: 16 },
      { do: 'push', records: 3, size: 16 },
      { do: 'faults', chance: 0.6, errno: 'EROFS' },
      { do: 'push', records: 1, size: 16 },
      { do: 'restart' },
      { do: 'pull' },
      { do: 'push', records: 1, size: 16 },
      { do: 'pull' },
      { do: 'done', which: 1, outcome: 'delivered' },
    ],
    seed: 590_582,
    crash: 1,
    power: false,
    small: true,
  },
  {
    // Likewise, and one batch could not be written again.
    steps: [
      { do: 'push', records: 1, size: 16 },
      { do: 'faults', chance: 0.2, errno: 'EROFS' },
      { do: 'push', records: 1, size: 16 },
      { do: 'restart' },
      { do: 'push', records: 1, size: 16 },
      { do: 'pull' },
      { do: 'done', which: 0, outcome: 'delivered' },
    ],
    seed: 19,
    crash: 1,
    power: false,
    small: false,
  },
  {
    // Written again twice.
    steps: [
      { do: 'faults', chance: 1, errno: 'short' },
      { do: 'push', records: 5, size: 16 },
      { do: 'push', records: 2, size: 16 },
      { do: 'faults', chance: 0.6, errno: 'EIO' },
      { do: 'restart' },
      { do: 'heal' },
      { do: 'pull' },
    ],
    seed: 769_427,
    crash: 1,
    power: false,
    small: true,
  },
  {
    // The sync failed of the first of several segments.
    steps: [
      { do: 'push', records: 5, size: 16 },
      { do: 'push', records: 1, size: 16 },
      { do: 'push', records: 1, size: 16 },
      { do: 'push', records: 6, size: 16 },
      { do: 'faults', chance: 0.2, errno: 'EROFS' },
      { do: 'sync' },
      { do: 'restart' },
    ],
    seed: 1,
    crash: 2,
    power: true,
    small: true,
  },
  {
    // Given up, but for what of it was written again.
    steps: [
      { do: 'push', records: 6, size: 16 },
      { do: 'push', records: 1, size: 16 },
      { do: 'sync' },
      { do: 'push', records: 2, size: 16 },
      { do: 'push', records: 6, size: 16 },
      { do: 'faults', chance: 0.2, errno: 'sync' },
      { do: 'pull' },
      { do: 'wait', ms: 500 },
      { do: 'done', which: 0, outcome: 'delivered' },
      { do: 'makeRoom', pulls: 1 },
    ],
    seed: 1,
    crash: 1,
    power: false,
    small: true,
  },
  {
    // Written again to two segments, the end not at all.
    steps: [
      { do: 'push', records: 1, size: 16 },
      { do: 'push', records: 6, size: 16 },
      { do: 'push', records: 1, size: 16 },
      { do: 'faults', chance: 0.2, errno: 'EROFS' },
      { do: 'restart' },
      { do: 'push', records: 1, size: 16 },
    ],
    seed: 45_044,
    crash: 1,
    power: false,
    small: true,
  },
  {
    // A power cut left the newer part where it was, and the older one where it was written again.
    steps: [
      { do: 'push', records: 2, size: 16 },
      { do: 'faults', chance: 0.2, errno: 'EIO' },
      { do: 'push', records: 5, size: 16 },
      { do: 'sync' },
      { do: 'wait', ms: 500 },
      { do: 'pull' },
      { do: 'push', records: 1, size: 16 },
      { do: 'faults', chance: 0.2, errno: 'ENOSPC' },
      { do: 'done', which: 0, outcome: 'delivered' },
    ],
    seed: 15_309,
    crash: 0.9047619047619048,
    power: true,
    small: true,
  },
  {
    // A power cut left of a segment less than the position says of it.
    steps: [
      { do: 'push', records: 1, size: 16 },
      { do: 'pull' },
      { do: 'push', records: 1, size: 16 },
      { do: 'pull' },
      { do: 'push', records: 1, size: 16 },
      { do: 'push', records: 1, size: 16 },
      { do: 'pull' },
      { do: 'pull' },
      { do: 'done', which: 3, outcome: 'delivered' },
    ],
    seed: 1,
    crash: 2,
    power: true,
    small: false,
  },
];
