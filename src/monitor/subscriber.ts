import type { AgentError } from '../core/errors.ts';
import type { GapRecord, ProcessRecord } from './records.ts';

/** Whoever gets events. Nothing here throws or waits: a subscriber that cannot keep up drops, counts and says so. */
export interface Subscriber {
  take(record: ProcessRecord): void;
  /** What is known already when it subscribes; before anything else. */
  seed(records: readonly ProcessRecord[]): void;
  /** Events were lost before they could be heard. */
  gap(gap: GapRecord): void;
  /** The run is over, by this error if it has one. True: the subscriber passes the error on. */
  end(error: AgentError | undefined): boolean;
  /** Nothing more is wanted. */
  close(): void;
}
