import { Writable } from 'node:stream';

const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** A terminal as far as a live view uses one: it wraps, erases lines, hides its cursor, and can be stopped. */
export class FakeTerminal extends Writable {
  readonly isTTY = true;
  columns: number;
  cursorShown = true;
  /** Everything as received. */
  raw = '';
  #rows: string[][] = [[]];
  #column = 0;
  #held: (() => void) | undefined;
  #stopped = false;

  constructor(columns = 80) {
    super({ decodeStrings: false, highWaterMark: 1024 });
    this.columns = columns;
  }

  /** Rows on the screen without colours, the last one being where the cursor is. */
  get screen(): string[] {
    return this.#rows.map((row) => row.join('').trimEnd());
  }

  stop(): void {
    this.#stopped = true;
  }

  resume(): void {
    this.#stopped = false;
    this.#held?.();
    this.#held = undefined;
  }

  override _write(chunk: string | Buffer, _: BufferEncoding, done: () => void): void {
    this.#show(chunk.toString());
    if (this.#stopped) this.#held = done;
    else done();
  }

  #show(text: string): void {
    this.raw += text;
    // oxlint-disable-next-line no-control-regex
    for (const [token, sequence, command] of text.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|[^]/gu)) {
      if (command === undefined) this.#put(token);
      else if (command === 'K' && sequence === '2') this.#rows[this.#rows.length - 1] = [];
      else if (sequence === '?25') this.cursorShown = command === 'h';
      else if (command !== 'm') throw new Error(`a terminal was sent ${JSON.stringify(token)}`);
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#next();
    else {
      const width = WIDE.test(character) ? 2 : 1;
      if (this.#column + width > this.columns) this.#next();
      const row = this.#rows.at(-1) ?? [];
      for (let at = row.length; at < this.#column; at += 1) row[at] = ' ';
      row[this.#column] = character;
      if (width === 2) row[this.#column + 1] = '';
      this.#column += width;
    }
  }

  #next(): void {
    this.#rows.push([]);
    this.#column = 0;
  }
}
