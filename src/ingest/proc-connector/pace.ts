import { eventsHeldBy } from '../../core/receive-buffer.ts';

/*
 * When to read. Where the kernel records what will be gone there is no hurry, and events are left to come together: a wake-up for each would cost more than all
 * else that is done for it, and the records of a fork are made just after its event. While /proc is the source of command lines an exec must be read at once: its process may live for a millisecond.
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

/** What events are read late by where nothing is lost by it. */
const GATHER_MS = 5;
/** A receive buffer that holds 50 ms of the fastest storm has room for what comes meanwhile; a smaller one is read sooner. */
const AMPLE_EVENTS = 5000;
/** A shorter rest is none: falling asleep and waking up take a good part of it, and a receive buffer that small overflows meanwhile. */
const LEAST_MS = 0.8;

/** How long events may come together in a receive buffer of that size, as the kernel counts it; milliseconds. */
export function gatherMs(receiveBufferBytes: number): number {
  const ms = GATHER_MS * Math.min(1, eventsHeldBy(receiveBufferBytes) / AMPLE_EVENTS);
  return ms < LEAST_MS ? 0 : ms;
}

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
    if (this.#relaxed) this.gather(NAP_MS);
  }

  gather(ms: number): void {
    Atomics.wait(this.#word, 0, 0, ms);
  }
}
