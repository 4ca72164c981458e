import type { ScanEvent } from '../../core/kernel-event.ts';
import type { EnrichContext } from '../context.ts';
import { listingEvent } from '../kinds/listing.ts';

/**
 * Which listings of /proc are told of: the one at the start where it is published, those after losses, the first of many where there is nothing else to hear
 * by, and one that was made because it was time only when it found something.
 */
export class Bracket {
  readonly #ctx: EnrichContext;
  readonly #publishesStart: boolean;
  #scan: ScanEvent | undefined;
  #isOpen = false;
  /** The last listing that came to its end was one of many. */
  #isInRow = false;

  constructor(ctx: EnrichContext, publishesStart: boolean) {
    this.#ctx = ctx;
    this.#publishesStart = publishesStart;
  }

  begin(scan: ScanEvent): void {
    this.#scan = scan;
    this.#isOpen = false;
    if (scan.purpose !== 'fallback') this.#isInRow = false;
    if (scan.purpose === 'loss' || (scan.purpose === 'start' && this.#publishesStart) || (scan.purpose === 'fallback' && !this.#isInRow))
      this.#tell(scan);
  }

  /** Something of an interval's listing is about to be published. */
  open(): void {
    if (this.#scan?.purpose === 'interval' && !this.#isOpen) this.#tell(this.#scan);
  }

  end(scan: ScanEvent): void {
    if (this.#isOpen) this.#emit(scan, scan.processes);
    this.#scan = undefined;
    this.#isOpen = false;
    this.#isInRow = scan.purpose === 'fallback';
  }

  #tell(scan: ScanEvent): void {
    this.#isOpen = true;
    this.#emit(scan, this.#ctx.table.livingCount);
  }

  #emit(scan: ScanEvent, processes: number): void {
    this.#ctx.emit({ stream: 'agent', event: listingEvent(this.#ctx.identity, scan, processes) });
  }
}
