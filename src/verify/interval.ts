import type { AgentCheckpoint, Amendment, Dropped } from '../core/agent-event.ts';
import { Digest } from '../core/digest.ts';
import type { EventHash, Words } from '../core/digest.ts';
import type { SequenceSet } from './sequence-set.ts';

/** A number of events, and their digest. */
export interface Due {
  readonly count: number;
  readonly digest: Words;
}

/** Which events there are. */
export interface Known {
  readonly set: SequenceSet;
  readonly hash: EventHash;
}

/** What one checkpoint says must be there, and how much of it is. */
export class Interval {
  readonly number: number;
  /** When it was stated. */
  readonly time: number;
  readonly from: number;
  readonly to: number;
  readonly accepted: number;
  readonly filtered: number;
  readonly dropped: readonly Dropped[];
  readonly digest: Digest;
  /** Of the events that are there. */
  readonly sum = new Digest();
  present = 0;
  readonly amendments: Amendment[] = [];

  constructor(checkpoint: AgentCheckpoint, time: number) {
    this.time = time;
    this.number = checkpoint.checkpoint_no;
    this.from = checkpoint.from_sequence;
    this.to = checkpoint.to_sequence;
    this.accepted = checkpoint.accepted;
    this.filtered = checkpoint.filtered;
    this.dropped = checkpoint.dropped;
    this.digest = Digest.from(checkpoint.digest);
  }

  get length(): number {
    return this.to - this.from + 1;
  }

  /** Every sequence of it was accepted. */
  get isDense(): boolean {
    return this.accepted === this.length;
  }

  get missing(): number {
    return this.accepted - this.present;
  }

  add(hash: Words): void {
    this.present += 1;
    this.sum.add(hash);
  }

  /** What is told twice is gone once: a record that was refused may come again in the next run, and be refused again. */
  amend(amendment: Amendment): void {
    if (!this.amendments.some((one) => isSame(one, amendment))) this.amendments.push(amendment);
  }

  /** The very events that were accepted are there. */
  get isProven(): boolean {
    return this.present === this.accepted && this.sum.equals(this.digest);
  }

  /** How many of a range are within it and not there. */
  holes({ from, to }: { readonly from: number; readonly to: number }, set: SequenceSet): number {
    const [first, last] = [Math.max(from, this.from), Math.min(to, this.to)];
    return Math.max(0, last - first + 1 - set.count(first, last));
  }

  /** All of them are gone, and what is there between them is others. */
  dueWithoutAny(gone: readonly Amendment[]): Due | undefined {
    const digest = new Digest(this.digest);
    let count = this.accepted;
    for (const amendment of gone) {
      if (amendment.digest === null) return undefined;
      digest.subtract(Digest.from(amendment.digest));
      count -= amendment.count;
    }
    return { count, digest };
  }

  /**
   * What must be there where all that was accepted of these ranges is gone, but for what came through nevertheless; undefined where that is not
   * known event by event.
   */
  dueWithout(gone: readonly Amendment[], { set, hash }: Known): Due | undefined {
    const due = this.dueWithoutAny(gone);
    if (due === undefined) return undefined;
    const digest = new Digest(due.digest);
    let { count } = due;
    for (const amendment of gone) {
      let came = 0;
      for (const sequence of set.within(amendment.from, amendment.to)) {
        digest.add(hash.of(sequence));
        came += 1;
      }
      if (came > amendment.count) return undefined;
      count += came;
    }
    return { count, digest };
  }
}

function isSame(a: Amendment, b: Amendment): boolean {
  if (a.from !== b.from || a.to !== b.to || a.fate !== b.fate || a.digest === null || b.digest === null) return false;
  return Digest.from(a.digest).equals(Digest.from(b.digest));
}
