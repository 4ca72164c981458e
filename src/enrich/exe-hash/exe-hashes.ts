/**
 * SHA-256 of executables by what they are (device, inode, size where it is known, time of modification), not by their path. `of` answers at once: with the digest where it is known, else with null, and
 * the file is read in the background, so that the next event has it. Bounded in files at once, in those waiting, in their size, in bytes a second.
 */
import { RecentMap } from '../recent-map.ts';
import { hashFile, type Executable, type HashLimits, type HashOutcome } from './hash-file.ts';

export interface ExeHashOptions {
  /** Larger files are not read. */
  readonly maxBytes?: number;
  /** Files read at once. */
  readonly concurrency?: number;
  /** Of all files together; 1 GB/s is what one core hashes. */
  readonly bytesPerSecond?: number;
  /** Executables remembered. */
  readonly maxKnown?: number;
  /** Where processes are found; replaced in tests. */
  readonly procfs?: string;
  /** Pause after the first failure, milliseconds; twice as long after each further one. */
  readonly retryMs?: number;
}

/** How many files came to which end. */
export type ExeHashCounters = Record<HashOutcome['outcome'] | 'refused', number>;

const MAX_WAITING = 256;
/** An hour after the first. */
const MAX_FAILURES = 12;
const MEBIBYTE = 1024 * 1024;

interface Known {
  /** null: being read, or not to be had. */
  digest: Uint8Array | null;
  /** Reads that failed: of processes that were gone, in places that nobody else sees. */
  failures: number;
  /** When it is tried again, by performance.now(); Infinity: not. */
  againMs: number;
}

export class ExeHashes {
  readonly counters: ExeHashCounters = { hashed: 0, changed: 0, unreadable: 0, stopped: 0, tooLarge: 0, refused: 0 };
  readonly #known: RecentMap<string, Known>;
  readonly #waiting: { readonly file: Executable; readonly known: Known }[] = [];
  readonly #active = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  readonly #limits: HashLimits;
  readonly #maxBytes: number;
  readonly #concurrency: number;
  readonly #retryMs: number;

  constructor(options: ExeHashOptions = {}) {
    const { maxBytes = 256 * MEBIBYTE, concurrency = 2, bytesPerSecond = 64 * MEBIBYTE, maxKnown = 4096, procfs = '/proc' } = options;
    this.#retryMs = options.retryMs ?? 1000;
    this.#known = new RecentMap(maxKnown);
    this.#maxBytes = maxBytes;
    this.#concurrency = concurrency;
    this.#limits = { maxBytes, bytesPerSecond: bytesPerSecond / concurrency, procfs, signal: this.#closing.signal };
  }

  /** The digest, 32 bytes, shared between events; null while it is not known. What could not be read is tried again, now and then, with another process that runs it. */
  of(file: Executable): Uint8Array | null {
    const { device, inode, size, mtime } = file.stat;
    const key = `${device}:${inode}:${size}:${mtime}`;
    const known = this.#known.get(key);
    if (known !== undefined) {
      if (known.againMs !== Number.POSITIVE_INFINITY && performance.now() >= known.againMs) this.#enqueue(file, known);
      return known.digest;
    }
    if (size > this.#maxBytes) {
      this.counters.tooLarge++;
      this.#known.set(key, unread());
    } else {
      const made = unread();
      if (this.#enqueue(file, made)) this.#known.set(key, made);
    }
    return null;
  }

  /** false: too many are waiting. */
  #enqueue(file: Executable, known: Known): boolean {
    if (this.#waiting.length >= MAX_WAITING) {
      this.counters.refused++;
      return false;
    }
    known.againMs = Number.POSITIVE_INFINITY;
    this.#waiting.push({ file, known });
    this.#next();
    return true;
  }

  /** Leaves what is under way; resolves when nothing is. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#waiting.length = 0;
    await Promise.all(this.#active);
  }

  #next(): void {
    while (this.#active.size < this.#concurrency && !this.#closing.signal.aborted) {
      const first = this.#waiting.shift();
      if (first === undefined) return;
      const run = this.#hash(first).finally(() => {
        this.#active.delete(run);
        this.#next();
      });
      this.#active.add(run);
    }
  }

  async #hash({ file, known }: { readonly file: Executable; readonly known: Known }): Promise<void> {
    const result = await hashFile(file, this.#limits);
    this.counters[result.outcome]++;
    if (result.outcome === 'hashed') known.digest = result.digest;
    else if (result.outcome === 'unreadable' || result.outcome === 'changed') this.#putOff(known);
  }

  #putOff(known: Known): void {
    if (known.failures === MAX_FAILURES) return;
    known.againMs = performance.now() + this.#retryMs * 2 ** known.failures;
    known.failures += 1;
  }
}

function unread(): Known {
  return { digest: null, failures: 0, againMs: Number.POSITIVE_INFINITY };
}
