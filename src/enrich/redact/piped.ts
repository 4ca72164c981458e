/**
 * Secrets that a script writes into the input of a program: `echo x | sudo -S ls`, `echo root:x | chpasswd`, `printf %s x | docker login --password-stdin`.
 */
import type { ShellWord } from './shell-word.ts';
import type { SpanSink } from './spans.ts';
import { isQuote, isReference } from './value.ts';

/** For the filter that goes first (stems.ts); of all others a word of name.ts is a part. */
export const READERS: readonly string[] = ['sudo', 'kinit', 'cryptsetup'];

/** So much of the program behind the pipe is looked at. */
const REACH = 160;
const BEGIN = String.raw`^\s*(?:sudo\s+(?:-\S+\s+)*)?(?:\S*/)?`;
const READS_PAIRS = new RegExp(String.raw`${BEGIN}chg?passwd(?:\s|$)`);
const READS_SECRET = new RegExp(
  String.raw`${BEGIN}(?:(?:smb)?passwd|kinit|cryptsetup)(?:\s|$)|^\s*sudo\s(?:.*\s)?(?:-[A-Za-z]*S|--stdin)(?:\s|$)|\s--(?:\w+-)?(?:stdin|with-token|passphrase-fd)(?:[\s=]|$)`,
);

interface Place {
  readonly from: number;
  readonly to: number;
}

type Reads = 'nothing' | 'pair' | 'secret';

function whatReads(command: string): Reads {
  if (READS_PAIRS.test(command)) return 'pair';
  return READS_SECRET.test(command) ? 'secret' : 'nothing';
}

/** What `echo` or `printf` writes, word by word, until it is known who reads it. */
export class PipedWords {
  readonly #text: string;
  readonly #places: Place[] = [];
  #start = 0;
  #words = 0;
  /** What the next word is by a `<<<` before it. */
  #given: Reads = 'nothing';
  #writer: 'echo' | 'printf' | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** @param from where it begins in the text */
  note(word: ShellWord, from: number, spans: SpanSink): void {
    if (this.#given !== 'nothing') {
      this.#mask(this.#placeOf(word, from), this.#given, spans);
      this.#given = 'nothing';
      return;
    }
    this.#words += 1;
    if (this.#words === 1) {
      const name = word.value.slice(word.value.lastIndexOf('/') + 1);
      this.#writer = name === 'echo' || name === 'printf' ? name : undefined;
    } else if (this.#writer !== undefined && !(this.#places.length === 0 && /^-[neE]+$/.test(word.value)))
      this.#places.push(this.#placeOf(word, from));
  }

  /** @param at of an operator: one that ends the command, or < */
  operator(at: number, spans: SpanSink): void {
    const text = this.#text;
    const code = text.charAt(at);
    if (code === '>') return;
    if (code === '<') {
      if (text.startsWith('<<<', at)) this.#given = whatReads(text.slice(Math.max(this.#start, at - REACH), at));
      return;
    }
    if (this.#places.length > 0 && code === '|' && text.charAt(at + 1) !== '|') this.#pipe(at, spans);
    this.#start = at + 1;
    this.#words = 0;
    this.#given = 'nothing';
    this.#writer = undefined;
    this.#places.length = 0;
  }

  #pipe(at: number, spans: SpanSink): void {
    const reads = whatReads((/^[^|;&\n]*/.exec(this.#text.slice(at + 1, at + 1 + REACH)) as RegExpExecArray)[0]);
    if (reads === 'nothing') return;
    // Of several words of printf the first is how the others are written.
    const first = this.#writer === 'printf' && this.#places.length > 1 ? 1 : 0;
    for (const place of this.#places.slice(first)) this.#mask(place, reads, spans);
  }

  #mask({ from, to }: Place, reads: Reads, spans: SpanSink): void {
    const colon = reads === 'pair' ? this.#text.slice(from, to).indexOf(':') : -1;
    spans.add(this.#text, from + colon + 1, to);
  }

  /** Empty where a shell fills it in. */
  #placeOf({ value, end, isLiteral }: ShellWord, from: number): Place {
    if (!isLiteral && isReference(value, 0, value.length)) return { from, to: from };
    return this.#within(from, end);
  }

  /** Without the quotes around all of it. */
  #within(from: number, to: number): Place {
    const text = this.#text;
    const quote = text.charCodeAt(from);
    const isQuoted = isQuote(quote) && to - from > 1 && text.indexOf(text.charAt(from), from + 1) === to - 1;
    return isQuoted ? { from: from + 1, to: to - 1 } : { from, to };
  }
}
