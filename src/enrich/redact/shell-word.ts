/**
 * Words of a text as a shell reads them: what the program gets, without quotes and backslashes, and for each part of it where it stands in
 * the text. A quote that nothing closes is a character like others: the text may be none for a shell at all.
 */
import { isMarked } from './spans.ts';
import type { SpanSink } from './spans.ts';
import { APOSTROPHE, BACKSLASH, DOLLAR, QUOTE, closingQuote, isSpace } from './value.ts';

/** Characters that follow each other in word and text alike; or one that is a backslash and a character in the text. */
interface Run {
  /** Index of its first character in the word. */
  readonly word: number;
  readonly text: number;
  /** Characters of the text per character of the word. */
  readonly width: number;
  /** Of the quotes around it, in the text: before the first, behind the second; -1 without. */
  readonly open: number;
  readonly close: number;
}

/** ; & | ( ) < > ` and line ends */
const OPERATORS = Uint8Array.from({ length: 128 }, (_, code) => (/[;&|()<>`\n]/.test(String.fromCharCode(code)) ? 1 : 0));

export function isOperator(code: number): boolean {
  return code < 128 && OPERATORS[code] === 1;
}

export class ShellWord implements SpanSink {
  /** As the program gets it. */
  value = '';
  /** There is a $ in it that is just that. */
  isLiteral = false;
  /** Where it ends in the text. */
  end = 0;
  readonly #outer: SpanSink;
  readonly #text: string;
  readonly #runs: Run[] = [];

  /** @param outer for what is found in the words of `text` */
  constructor(text: string, outer: SpanSink) {
    this.#text = text;
    this.#outer = outer;
  }

  /** Reads the word that begins at `from`. @param strict operators end it: the text is certainly a shell's */
  read(from: number, strict: boolean): void {
    this.value = '';
    this.isLiteral = false;
    this.#runs.length = 0;
    let at = from;
    while (at < this.#text.length) {
      const next = this.#piece(at, strict);
      if (next === at) break;
      at = next;
    }
    this.end = at;
  }

  /** Returns its end; `at` itself where the word has ended. */
  #piece(at: number, strict: boolean): number {
    const text = this.#text;
    const code = text.charCodeAt(at);
    if (isSpace(code) || (strict && isOperator(code))) return at;
    if (code === BACKSLASH && at + 1 < text.length) return this.#escaped(at, OUTSIDE);
    const close = code === QUOTE || code === APOSTROPHE ? closingQuote(text, at + 1, code) : -1;
    if (close >= 0) return this.#quoted(at, close, code);
    let to = at + 1;
    while (to < text.length && !isSpecial(text.charCodeAt(to), strict)) to++;
    return this.#plain(at, to, OUTSIDE);
  }

  #quoted(open: number, close: number, quote: number): number {
    const text = this.#text;
    const quotes = { open, close: close + 1 };
    let from = open + 1;
    for (let at = from; at < close; at++) {
      const code = text.charCodeAt(at);
      if (quote === APOSTROPHE) {
        if (code === DOLLAR) this.isLiteral = true;
      } else if (code === BACKSLASH && isEscapable(text.charCodeAt(at + 1))) {
        this.#plain(from, at, quotes);
        from = this.#escaped(at, quotes);
        at = from - 1;
      }
    }
    this.#plain(from, close, quotes);
    return close + 1;
  }

  #plain(from: number, to: number, { open, close }: Quotes): number {
    if (from < to) this.#runs.push({ word: this.value.length, text: from, width: 1, open, close });
    this.value += this.#text.slice(from, to);
    return to;
  }

  #escaped(at: number, { open, close }: Quotes): number {
    this.#runs.push({ word: this.value.length, text: at, width: 2, open, close });
    this.value += this.#text.charAt(at + 1);
    if (this.#text.charCodeAt(at + 1) === DOLLAR) this.isLiteral = true;
    return at + 2;
  }

  /** What is masked of the word is masked in the text, with the quotes that would be left without their other half. */
  add(value: string, from: number, to: number): void {
    if (isMarked(value, from, to)) return;
    const first = this.#runAt(from);
    const last = this.#runAt(to - 1);
    const isWithin = first.open === last.open;
    const start = isWithin || first.open < 0 ? first.text + (from - first.word) * first.width : first.open;
    const end = isWithin || last.open < 0 ? last.text + (to - last.word) * last.width : last.close;
    this.#outer.add(this.#text, start, end);
  }

  #runAt(index: number): Run {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#runs[middle] as Run).word <= index) low = middle;
      else high = middle - 1;
    }
    return this.#runs[low] as Run;
  }
}

interface Quotes {
  readonly open: number;
  readonly close: number;
}

const OUTSIDE: Quotes = { open: -1, close: -1 };

function isSpecial(code: number, strict: boolean): boolean {
  return code === BACKSLASH || code === QUOTE || code === APOSTROPHE || isSpace(code) || (strict && isOperator(code));
}

/** What a backslash takes the meaning of within double quotes: quote, backslash, $ and `. */
function isEscapable(code: number): boolean {
  return code === QUOTE || code === BACKSLASH || code === DOLLAR || code === 0x60;
}
