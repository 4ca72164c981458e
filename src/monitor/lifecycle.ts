import type { AgentError } from '../core/errors.ts';

/** What runs while anybody wants it to. */
export interface Run {
  /** Ends it; resolves when nothing of it is left. Never rejects. */
  close(): Promise<void>;
  /** Resolves when it is over and nothing of it is left, with what ended it if that was an error. */
  readonly ended: Promise<AgentError | undefined>;
}

/** One start, to be given back. */
export interface Lease extends AsyncDisposable {
  /** Gives this start back and no other. Idempotent; resolves when, with the last one, everything has ended. */
  stop(): Promise<void>;
}

/**
 * stopped → starting → running → stopping → stopped; failed: the last run was ended by an error, or the last start failed.
 */
export type MonitorState = 'stopped' | 'starting' | 'running' | 'stopping' | 'failed';

export interface LifecycleEvents<R> {
  open(): Promise<R>;
  /** The run is the current one. */
  began(run: R): void;
  /** It is over, by this error if it has one. */
  ended(error: AgentError | undefined): void;
}

/**
 * Counts starts: the first opens a run, giving back the last closes it. Opening and closing take turns, so that starts at the same time share one
 * run and a stop never meets a run that is half open. A run that ends by itself ends for all: their leases are void, the next start opens anew.
 */
export class Lifecycle<R extends Run> {
  readonly #events: LifecycleEvents<R>;
  readonly #leases = new Set<Lease>();
  /** Those who wait for the opening that is under way. */
  readonly #pending = new Set<Lease>();
  #starting: Promise<void> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #run: R | undefined;
  #state: MonitorState = 'stopped';

  constructor(events: LifecycleEvents<R>) {
    this.#events = events;
  }

  get run(): R | undefined {
    return this.#run;
  }

  get state(): MonitorState {
    return this.#state;
  }

  /** Rejects with what the opening threw; then nothing is held. */
  start(): Promise<Lease> {
    const lease = this.#newLease();
    this.#pending.add(lease);
    this.#starting ??= this.#inTurn(() => this.#open());
    return this.#starting.then(() => lease);
  }

  /** Gives the latest start back; nothing to do where there is none. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      const latest = [...this.#leases].at(-1);
      if (latest !== undefined) await this.#release(latest);
    });
  }

  #newLease(): Lease {
    const stop = (): Promise<void> => this.#inTurn(() => this.#release(lease));
    const lease: Lease = { stop, [Symbol.asyncDispose]: stop };
    return lease;
  }

  async #open(): Promise<void> {
    try {
      if (this.#run === undefined) {
        this.#state = 'starting';
        this.#adopt(await this.#events.open());
      }
      for (const lease of this.#pending) this.#leases.add(lease);
    } catch (error) {
      this.#state = 'failed';
      throw error;
    } finally {
      this.#pending.clear();
      this.#starting = undefined;
    }
  }

  #adopt(run: R): void {
    this.#run = run;
    this.#state = 'running';
    this.#events.began(run);
    run.ended.then(
      (error) => this.#over(error),
      // It never rejects.
      () => undefined,
    );
  }

  async #release(lease: Lease): Promise<void> {
    this.#leases.delete(lease);
    const run = this.#run;
    if (run === undefined || this.#leases.size > 0) return;
    this.#state = 'stopping';
    await run.close();
  }

  #over(error: AgentError | undefined): void {
    this.#run = undefined;
    this.#leases.clear();
    this.#state = error === undefined ? 'stopped' : 'failed';
    this.#events.ended(error);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    // The next turn starts whatever became of this one; its own caller gets the error.
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}
