import type { AnyEvent } from '../../core/any-event.ts';

/** The input ends within a record, as after a crash: `bytes` from offset `at` on belong to nothing whole. */
export interface Torn {
  readonly what: 'torn';
  readonly at: number;
  readonly bytes: number;
}

/** `bytes` from offset `at` on were passed over; what follows them is read. */
export interface Corrupt {
  readonly what: 'corrupt';
  readonly at: number;
  readonly bytes: number;
  readonly reason: string;
}

/** What reading a file or stream of ours yields. */
export type Decoded = { readonly what: 'event'; readonly event: AnyEvent } | Torn | Corrupt;
