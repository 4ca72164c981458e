/**
 * Words of texts that a shell reads, or may read: `sh -c TEXT`, `ssh host TEXT`, `watch TEXT`, and any argument with spaces in it. What
 * stands in quotes within may be such a text again.
 */
import type { Word } from './form.ts';
import type { Spans } from './spans.ts';
import { BACKSLASH, closingQuote, isQuote, isSpace, shellWordEnd } from './value.ts';
import { Walker } from './walker.ts';

/** Quotes within quotes within quotes; what is deeper is not taken apart, but searched like all other text. */
const DEEPEST = 4;

export class Script {
  readonly #walkers: readonly Walker[];

  constructor(spans: Spans) {
    this.#walkers = Array.from({ length: DEEPEST }, () => new Walker(spans, true));
  }

  mask(text: string): void {
    this.#walk({ text, from: 0, to: text.length }, 0);
  }

  #walk(part: Word, depth: number): void {
    const walker = this.#walkers[depth] as Walker;
    const { text } = part;
    const word: Word = { text, from: 0, to: 0 };
    walker.begin();
    for (let at = behindSpaces(part, part.from); at < part.to;) {
      const end = Math.min(shellWordEnd(text, at), part.to);
      if (depth + 1 < DEEPEST) this.#quoted({ text, from: at, to: end }, depth);
      const next = behindSpaces(part, end);
      const isClosed = isOperator(text.charCodeAt(end - 1));
      strip(word, at, end);
      if (word.to > word.from) walker.step(word, isClosed || next >= part.to || isOperator(text.charCodeAt(next)));
      if (isClosed) walker.begin();
      at = next;
    }
  }

  /** The texts in quotes within a word. */
  #quoted({ text, from, to }: Word, depth: number): void {
    for (let at = from; at < to; at++) {
      const code = text.charCodeAt(at);
      if (code === BACKSLASH) at++;
      if (!isQuote(code)) continue;
      const close = closingQuote(text, at + 1, code);
      if (close < 0 || close >= to) continue;
      if (hasSpace(text, at + 1, close)) this.#walk({ text, from: at + 1, to: close }, depth + 1);
      at = close;
    }
  }
}

function behindSpaces({ text, to }: Word, from: number): number {
  let at = from;
  while (at < to && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** ; & | */
function isOperator(code: number): boolean {
  return code === 0x3b || code === 0x26 || code === 0x7c;
}

/** Without quotes that stand around all of it, and without the operator that ends its command. */
function strip(word: Word, from: number, to: number): void {
  word.from = from;
  word.to = to;
  while (word.to > from && isOperator(word.text.charCodeAt(word.to - 1))) word.to--;
  const quote = word.text.charCodeAt(from);
  if (isQuote(quote) && word.to - from >= 2 && word.text.charCodeAt(word.to - 1) === quote) {
    word.from += 1;
    word.to -= 1;
  }
}

function hasSpace(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (isSpace(text.charCodeAt(at))) return true;
  return false;
}
