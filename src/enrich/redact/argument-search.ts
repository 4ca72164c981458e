import { NAME_STEMS } from './name.ts';
import { PROGRAM_NAMES } from './programs.ts';
import type { Scan } from './scan.ts';
import { PipedWords, READERS } from './piped.ts';
import { QUOTED_STEMS } from './quoted.ts';
import { SHAPE_STEMS } from './shapes.ts';
import { ShellWord, isOperator } from './shell-word.ts';
import { Spans } from './spans.ts';
import { SECRET_STEM, Stems } from './stems.ts';
import { scanText } from './text.ts';
import { URL_STEMS } from './url.ts';
import { isSpace } from './value.ts';
import { Walker } from './walker.ts';
import type { Reading, Word } from './walker.ts';

/** An argument, or a word of one that a shell reads. */
export interface Argument extends Word {
  /** It is certainly read by a shell. */
  readonly isScript: boolean;
  readonly truncated: boolean;
}

/** Quotes within quotes within quotes: what is deeper is not taken apart, but searched like all other text. */
const DEEPEST = 4;

/**
 * Searches one argument by the rules that need to know nothing of the others. With a space in it, it may be a text that a shell reads
 * (`sh -c TEXT`, `ssh host TEXT`, `watch TEXT`): then its words are arguments again. Where that is not certain, both readings count.
 */
export class ArgumentSearch {
  readonly #stems = new Stems({
    secret: [...NAME_STEMS, ...SHAPE_STEMS, ...URL_STEMS, ...QUOTED_STEMS],
    programs: [...PROGRAM_NAMES, ...READERS],
  });
  readonly #walkers = Array.from({ length: DEEPEST }, () => new Walker());
  readonly #scan: Scan = {
    text: '',
    spans: new Spans(),
    names: true,
    refers: false,
    truncated: false,
    firstSpace: 0,
    firstQuote: 0,
    firstApostrophe: 0,
    undottedUntil: 0,
  };

  /** What of the text may be of interest; 0: nothing. */
  stemsIn(text: string): number {
    return this.#stems.in(text);
  }

  search(argument: Argument, depth = 0): void {
    const stems = this.#stems.in(argument.text);
    if (stems === 0) return;
    const isApart = depth < DEEPEST && hasSpace(argument.text);
    if ((stems & SECRET_STEM) !== 0) this.#scanWhole(argument, !(isApart && argument.isScript));
    if (isApart) this.#searchWords(argument, depth);
  }

  #scanWhole({ text, spans, refers, truncated }: Argument, names: boolean): void {
    const scan = this.#scan;
    scan.text = text;
    scan.spans = spans;
    scan.names = names;
    scan.refers = refers;
    scan.truncated = truncated;
    scanText(scan);
  }

  #searchWords({ text, spans, isScript, truncated }: Argument, depth: number): void {
    const walker = this.#walkers[depth] as Walker;
    const word = new ShellWord(text, spans);
    const piped = new PipedWords(text);
    const reading = isScript ? 'script' : 'text';
    walker.begin(reading);
    for (let at = behindSpaces(text, 0); at < text.length; at = behindSpaces(text, at)) {
      if (isScript && isOperator(text.charCodeAt(at))) {
        piped.operator(at, spans);
        if (!isRedirection(text.charCodeAt(at))) walker.begin(reading);
        at += 1;
        continue;
      }
      const from = at;
      word.read(at, isScript);
      if (isScript) piped.note(word, from, spans);
      at = word.end;
      const next = behindSpaces(text, at);
      const ends = next >= text.length || isOperator(text.charCodeAt(next));
      this.#searchWord(word, { walker, reading, ends, depth: depth + 1, truncated: truncated && next >= text.length });
    }
  }

  #searchWord(
    word: ShellWord,
    how: {
      readonly walker: Walker;
      readonly reading: Reading;
      readonly ends: boolean;
      readonly depth: number;
      readonly truncated: boolean;
    },
  ): void {
    const { walker, reading, ends, depth, truncated } = how;
    const { value } = word;
    const isEnd = isOperator(value.charCodeAt(value.length - 1));
    const isScript = walker.isScript;
    const argument = { text: value, spans: word, refers: !word.isLiteral, isScript, truncated };
    walker.step(argument, ends || isEnd);
    if (isEnd) walker.begin(reading);
    this.search(argument, depth);
  }
}

/** < > */
function isRedirection(code: number): boolean {
  return code === 0x3c || code === 0x3e;
}

function behindSpaces(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

function hasSpace(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (isSpace(text.charCodeAt(at))) return true;
  return false;
}
