/** Bounds of what is written at once; a record larger than `maxBytes` goes by itself. */
export interface BatchBounds {
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** How long the first record of a batch waits for others; 0: only for those that wait already. */
  readonly lingerMs: number;
}

/** How one sink is written to. */
export interface DeliveryPolicy {
  /** null: each batch of the queue as it is, for sinks whose output must follow from the events alone. */
  readonly batch: BatchBounds | null;
  /** Bounds of the wait before a failed write is repeated; see `Backoff`. */
  readonly retry: { readonly initialMs: number; readonly maxMs: number };
  /** The wait where a person has to do something first. */
  readonly holdMs: number;
}

export const DEFAULT_POLICY: DeliveryPolicy = { batch: null, retry: { initialMs: 100, maxMs: 30_000 }, holdMs: 30_000 };
