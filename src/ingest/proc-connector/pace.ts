/*
 * When to read. While /proc is the source of command lines an exec must be read at once: its process may live for a millisecond.
 * A wake-up an event costs about 10 µs, though, and in a storm of forks and exits there is next to nothing to capture. So when events are
 * many and execs among them rare, reading waits for a few to come together.
 */
const WINDOW_NS = 10e6;
/** Below this rate the wake-ups are affordable. */
const BUSY_EVENTS_PER_WINDOW = 20;
/** Execs are rare below one in this many events; in an ordinary life of a process they are one in three. */
const RARE = 20;
/** What a rare exec may be read late by. */
const NAP_MS = 2;

export class Pace {
  readonly #word = new Int32Array(new SharedArrayBuffer(4));
  #windowNs = 0;
  #events = 0;
  #execs = 0;
  #relaxed = false;

  /** A receive brought `events`, `execs` of them EXEC. */
  note(events: number, execs: number, nowNs: number): void {
    this.#events += events;
    this.#execs += execs;
    if (nowNs - this.#windowNs < WINDOW_NS) return;
    const windows = Math.max(1, (nowNs - this.#windowNs) / WINDOW_NS);
    this.#relaxed = this.#events / windows >= BUSY_EVENTS_PER_WINDOW && this.#execs * RARE < this.#events;
    this.#windowNs = nowNs;
    this.#events = 0;
    this.#execs = 0;
  }

  get relaxed(): boolean {
    return this.#relaxed;
  }

  /** Lets events come together, if that is the pace. */
  rest(): void {
    if (this.#relaxed) Atomics.wait(this.#word, 0, 0, NAP_MS);
  }
}
