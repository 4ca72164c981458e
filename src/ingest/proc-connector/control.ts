/*
 * Words shared between the ingest thread and the main thread (Int32, besides the ring). They outlive the thread, so that the main thread can
 * still undo the subscription when the thread has died.
 */
const WORDS = {
  STOP: 0,
  STATE: 1,
  FD: 2,
  LISTENING: 3,
  FOREIGN: 4,
  MALFORMED: 5,
  OVERRUNS: 6,
  DISORDERED: 7,
  BELL: 8,
  RENEW: 9,
} as const;
export const CONTROL_BYTES = 64;

export const Phase = { STARTING: 0, RUNNING: 1, CLOSED: 2 } as const;
/** `drain`: hear what is queued, then close. `hurry`: the same without captures. `now`: undo the subscription and close, for a process that ends. */
export const StopRequest = { none: 0, drain: 1, hurry: 2, now: 3 } as const;

export class IngestControl {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, CONTROL_BYTES / 4);
  }

  /** A stop that was asked for stays as urgent as it was. */
  requestStop(how: 'drain' | 'hurry' | 'now'): void {
    if (StopRequest[how] > this.stopRequest) Atomics.store(this.#words, WORDS.STOP, StopRequest[how]);
  }

  /** The eventfd that wakes the ingest thread; 0 while there is none. The main thread closes it, after the thread has ended: never under a ringing hand. */
  get bellFd(): number {
    return Atomics.load(this.#words, WORDS.BELL);
  }

  set bellFd(fd: number) {
    Atomics.store(this.#words, WORDS.BELL, fd);
  }

  /** The subscription is no good although the kernel confirmed it: give it up and try again. */
  requestRenewal(): void {
    Atomics.store(this.#words, WORDS.RENEW, 1);
  }

  /** Whether that was asked for since the last look. */
  takeRenewal(): boolean {
    return Atomics.exchange(this.#words, WORDS.RENEW, 0) === 1;
  }

  get stopRequest(): number {
    return Atomics.load(this.#words, WORDS.STOP);
  }

  setPhase(phase: number): void {
    Atomics.store(this.#words, WORDS.STATE, phase);
    Atomics.notify(this.#words, WORDS.STATE);
  }

  get phase(): number {
    return Atomics.load(this.#words, WORDS.STATE);
  }

  /** Blocks the calling thread until the ingest thread closed or the time is over; for exits that cannot wait for the event loop. */
  waitUntilClosed(timeoutMs: number): boolean {
    const deadline = performance.now() + timeoutMs;
    for (let phase = this.phase; phase !== Phase.CLOSED; phase = this.phase) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      Atomics.wait(this.#words, WORDS.STATE, phase, left);
    }
    return true;
  }

  /** The socket is subscribed: exactly one IGNORE is owed for it from now on. */
  noteListening(fd: number): void {
    Atomics.store(this.#words, WORDS.FD, fd);
    Atomics.store(this.#words, WORDS.LISTENING, 1);
  }

  /** The socket is closed: its number may be another's by now. */
  noteClosed(): void {
    Atomics.store(this.#words, WORDS.LISTENING, 0);
    Atomics.store(this.#words, WORDS.FD, 0);
  }

  /** The socket, from when it was subscribed; 0 before and after. */
  get socketFd(): number {
    return Atomics.load(this.#words, WORDS.FD);
  }

  /** The fd whose IGNORE the caller must send now, or undefined when it is not owed (any more). Before kernel 6.6 a second IGNORE would silence other programs. */
  takeIgnoreDuty(): number | undefined {
    return Atomics.exchange(this.#words, WORDS.LISTENING, 0) === 1 ? Atomics.load(this.#words, WORDS.FD) : undefined;
  }

  count(word: 'FOREIGN' | 'MALFORMED' | 'OVERRUNS' | 'DISORDERED'): void {
    Atomics.add(this.#words, WORDS[word], 1);
  }

  /** Counts since the start; each wraps at 2^32. */
  get counts(): { foreign: number; malformed: number; overruns: number; disordered: number } {
    const at = (word: number): number => Atomics.load(this.#words, word) >>> 0;
    return {
      foreign: at(WORDS.FOREIGN),
      malformed: at(WORDS.MALFORMED),
      overruns: at(WORDS.OVERRUNS),
      disordered: at(WORDS.DISORDERED),
    };
  }
}
