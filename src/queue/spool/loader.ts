import { errnoName } from '../../core/system-error.ts';
import type { SpoolReader } from './spool-reader.ts';
import type { After } from './timers.ts';

/** What a disk does not read at the third time it is taken not to have. */
const MAX_FAILURES = 3;
const AGAIN_MS = 1000;
/** What the system lacks for a while says nothing about what is on the disk. */
const SHORTAGES: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR']);

/** Gets what the reader lacks, one read at a time. */
export class Loader {
  readonly #reader: SpoolReader;
  readonly #after: After;
  readonly #changed: () => void;
  #failures = 0;
  #stopped = false;

  /** `changed`: the reader may have more at hand, or it is worth asking again. */
  constructor(reader: SpoolReader, after: After, changed: () => void) {
    this.#reader = reader;
    this.#after = after;
    this.#changed = changed;
  }

  load(): void {
    if (this.#reader.loading || !this.#reader.hasMore || this.#stopped) return;
    this.#reader.load().then(
      () => this.#changed(),
      (error: unknown) => this.#failed(error),
    );
  }

  succeeded(): void {
    this.#failures = 0;
  }

  stop(): void {
    this.#stopped = true;
  }

  #failed(error: unknown): void {
    if (this.#stopped) return;
    if (!SHORTAGES.has(errnoName(error))) this.#failures += 1;
    if (this.#failures < MAX_FAILURES) {
      this.#after(AGAIN_MS, () => this.#changed());
      return;
    }
    this.#failures = 0;
    this.#reader.giveUp(error instanceof Error ? error.message : String(error));
    this.#changed();
  }
}
