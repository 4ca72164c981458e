import type { Batch } from '../../core/batch.ts';
import type { Sink } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import { wrapColumns } from './display-width.ts';
import { renderEnd, renderFrame } from './live-frame.ts';
import { OutputStream, misuse, outputGone } from './output-stream.ts';
import type { TextOutput } from './output-stream.ts';

/** As fast as eyes can make use of. */
const WINDOW_MS = 100;
const STATUS_MS = 1000;
const DEFAULT_COLUMNS = 80;
/** How long closing waits for a terminal that was stopped (Ctrl-S). */
const FAREWELL_MS = 300;

export interface LiveViewOptions {
  readonly id: string;
  readonly output: TextOutput;
  readonly colour: boolean;
  /** One line about the whole, asked for at every redraw. */
  readonly status: () => string;
  readonly linesPerWindow: number;
}

/**
 * Events as they come, on a terminal, no more than a person can follow: so many lines each 100 ms, then how many were left out, and the
 * status on the last line. It takes every event at once whatever the terminal does: what cannot be shown is counted in the next line
 * that can. Only when the terminal is gone, writes reject with OUTPUT_GONE. Lines arrive finished, with their line ends.
 */
export class LiveView implements Sink {
  readonly id: string;
  readonly maxInFlight = 4;
  readonly #options: LiveViewOptions;
  readonly #stream: OutputStream;
  readonly #omitted = new Map<string, number>();
  #shown: Encoded[] = [];
  #window: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: LiveViewOptions) {
    this.id = options.id;
    this.#options = options;
    this.#stream = new OutputStream(options.output);
  }

  get gone(): boolean {
    return this.#stream.gone;
  }

  async open(boot: AbortSignal): Promise<void> {
    boot.throwIfAborted();
    if (this.#ticker !== undefined || this.#closing !== undefined) throw misuse('opened twice, or after it was closed');
    this.#stream.attach();
    this.#ticker = setInterval(() => this.#draw(), STATUS_MS).unref();
  }

  async write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#ticker === undefined || this.#closing !== undefined) throw misuse('written to while it was not open');
    if (this.#stream.gone) throw outputGone();
    for (const item of batch.items) {
      if (this.#shown.length < this.#options.linesPerWindow) this.#shown.push(item);
      else this.#omit(item);
    }
    if (batch.items.length > 0) this.#window ??= setTimeout(() => this.#endWindow(), WINDOW_MS).unref();
  }

  /** Prints a line above the status, whole and whatever the pace: for what the agent itself has to say. False while there is no view to print it on. */
  announce(line: string): boolean {
    if (this.#ticker === undefined || this.#closing !== undefined || this.#stream.gone) return false;
    const frame = this.#frame;
    this.#print(renderFrame({ ...frame, lines: wrapColumns(line, frame.columns), omitted: new Map(), status: this.#options.status() }));
    return true;
  }

  close(): Promise<void> {
    this.#closing ??= this.#ticker === undefined ? Promise.resolve() : this.#end();
    return this.#closing;
  }

  get #frame(): { lines: string[]; omitted: ReadonlyMap<string, number>; columns: number; colour: boolean } {
    const { output, colour } = this.#options;
    const columns = output.columns ?? 0;
    return { lines: this.#shown.map(lineOf), omitted: this.#omitted, columns: columns > 0 ? columns : DEFAULT_COLUMNS, colour };
  }

  #endWindow(): void {
    this.#window = undefined;
    this.#draw();
  }

  #draw(): void {
    if (this.#stream.congested) {
      for (const item of this.#shown) this.#omit(item);
      this.#shown = [];
      return;
    }
    this.#print(renderFrame({ ...this.#frame, status: this.#options.status() }));
    this.#shown = [];
    this.#omitted.clear();
  }

  #omit({ kind }: Encoded): void {
    this.#omitted.set(kind, (this.#omitted.get(kind) ?? 0) + 1);
  }

  async #end(): Promise<void> {
    clearInterval(this.#ticker);
    clearTimeout(this.#window);
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FAREWELL_MS);
    await Promise.race([this.#stream.write(renderEnd(this.#frame)).catch(unseen), patience]);
    clearTimeout(timer);
    this.#stream.detach();
  }

  #print(frame: string): void {
    this.#stream.write(frame).catch(unseen);
  }
}

/** A frame that cannot be written is one that nobody sees; its events are counted as delivered like those it leaves out. */
function unseen(): void {
  // Nothing depends on it.
}

function lineOf({ bytes }: Encoded): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').trimEnd();
}
