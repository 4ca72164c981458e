/**
 * What is wrong, by kind:
 * missing: accepted events that are not there and that nothing declares · foreign: events that were never accepted · digest: as many events as
 * were accepted, but others · checkpoint_missing: its number is not there · checkpoint_conflict: two checkpoints that cannot both be true ·
 * checkpoint_wrong: its own numbers do not add up · mixed: records of different runs under one id · start_missing, stop_missing · run_missing:
 * a whole run between two that are there.
 */
export const FAULTS = [
  'missing',
  'foreign',
  'digest',
  'checkpoint_missing',
  'checkpoint_conflict',
  'checkpoint_wrong',
  'mixed',
  'start_missing',
  'stop_missing',
  'run_missing',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Finding {
  readonly fault: Fault;
  /** A sentence without full stop. */
  readonly text: string;
  /** Sequences it is about, where that is known; inclusive. */
  readonly from: number | null;
  readonly to: number | null;
  /** The sequences themselves, where they can be told, the first of them at least. */
  readonly sequences: readonly number[];
}

/** As many as are kept of one kind in one run; the others are counted. */
export const MAX_FINDINGS = 20;
export const MAX_NAMED = 20;
