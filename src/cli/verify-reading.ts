/** What was read for a check, wherever it was. */
export interface Reading {
  /** When it was settled how much is read: what came later is not part of it. Microseconds since the epoch. */
  readonly nowUs: number;
  readonly records: number;
  /** Where they are, such as `2 files`. */
  readonly where: string;
  /** Something was removed before what was read: what had been accepted of that, nobody knows any more. Not given where that cannot be known. */
  readonly isCut?: boolean;
  /** What of it could not be read, as a sentence: then nothing is proven. */
  readonly trouble: string | null;
  /** The same for programs. */
  readonly facts: Readonly<Record<string, unknown>>;
}
