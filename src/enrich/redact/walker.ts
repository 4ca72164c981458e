/**
 * Goes through the words of a command and masks what their place makes a secret: the value of an option with a telling name, the next word
 * after it, what a known program takes by short options. Words are arguments, or, of a text that a shell reads, its words.
 */
import { NAMED, NOTHING, RANDOM, WHOLE, maskForm } from './form.ts';
import type { Form, Word } from './form.ts';
import { DOUBTFUL, HARMLESS, PLAUSIBLE, SECRET, isSwitch, nameClass } from './name.ts';
import { PROGRAMS } from './programs.ts';
import type { Program } from './programs.ts';
import type { Spans } from './spans.ts';
import { isQuote, isReference, isSpace } from './value.ts';

const DASH = 0x2d;
const EQUALS = 0x3d;
const COLON = 0x3a;
const LETTER_C = 0x63;
/** Longer names of programs are not in the table. */
const LONGEST_PROGRAM = 32;
/** Longer words are no names of settings. */
const LONGEST_SETTING = 128;

/** What runs the rest of its command: a program behind it is the first of its command too. */
const WRAPPERS: ReadonlySet<string> = new Set(
  'sudo doas env exec time nohup nice ionice command xargs timeout stdbuf setsid chroot watch strace ltrace then do'.split(' '),
);
/** What these options take is a name that somebody gave, though it may be that of a program: `docker run --name mysql -p3306:3306`. */
const NAMINGS: ReadonlySet<string> = new Set(
  '--name -name -iname --hostname --host --network --net --link --container --service -u --user --database --db --namespace --unit'.split(
    ' ',
  ),
);

export class Walker {
  readonly #spans: Spans;
  readonly #isText: boolean;
  #program: Program | undefined;
  /** What the next word holds, by an option or a word before it. */
  #expected: Form = NOTHING;
  /** What is expected may be an option instead. */
  #isGuess = false;
  /** Words to go before the one that is expected. */
  #delay = 0;
  /** The word has been seen without which the program's options mean nothing, or that makes the last argument a secret. */
  #unlocked = false;
  /** No word but wrappers yet. */
  #isLeading = true;
  #isNaming = false;
  /** The next word, or all from now on, are read by a shell. */
  #script: 'none' | 'next' | 'rest' = 'none';

  /** @param isText the words are those of a text that a shell reads; else they are arguments */
  constructor(spans: Spans, isText: boolean) {
    this.#spans = spans;
    this.#isText = isText;
  }

  /** Whether the next word is read by a shell. */
  get isScript(): boolean {
    return this.#script !== 'none';
  }

  /** A new command begins. `program` is what runs, where that is known; its name is no word of it then. */
  begin(program?: Program): void {
    this.#run(program);
    this.#expect(NOTHING);
    this.#isLeading = program === undefined;
    this.#isNaming = false;
    this.#script = 'none';
  }

  /** Words were left out here; the last of them may have said that the next one is a secret. */
  skip(): void {
    this.#expect(NAMED, { guess: true });
  }

  step(word: Word, isLast: boolean): void {
    if (this.#script === 'next') this.#script = 'none';
    const isNamed = this.#isNaming;
    this.#isNaming = false;
    if (this.#takeExpected(word)) return;
    if (word.text.charCodeAt(word.from) === DASH && word.to - word.from > 1) this.#option(word);
    else if (!isNamed) this.#plain(word, isLast);
  }

  #run(program: Program | undefined): void {
    this.#program = program;
    this.#unlocked = program?.last === '';
  }

  #expect(form: Form, how: { readonly guess?: boolean; readonly delay?: number } = {}): void {
    this.#expected = form;
    this.#isGuess = how.guess === true;
    this.#delay = how.delay ?? 0;
  }

  #takeExpected(word: Word): boolean {
    const form = this.#expected;
    if (form === NOTHING) return false;
    if (this.#delay > 0) {
      this.#delay -= 1;
      return false;
    }
    const isGuess = this.#isGuess;
    this.#expect(NOTHING);
    if (isGuess && looksLikeOption(word)) return false;
    this.#mask(form, word);
    return true;
  }

  /** In a text that a shell reads, what it is going to fill in stays. */
  #mask(form: Form, word: Word): void {
    if (!this.#isText || !isReference(word.text, word.from, word.to)) maskForm(this.#spans, form, word);
  }

  #option(word: Word): void {
    const { text, from, to } = word;
    const isLong = text.charCodeAt(from + 1) === DASH;
    this.#isNaming = NAMINGS.has(text.slice(from, Math.min(to, from + LONGEST_PROGRAM)));
    if (this.#program?.shell === true && !isLong && text.charCodeAt(to - 1) === LETTER_C) this.#script = 'next';
    const start = isLong ? from + 2 : from + 1;
    const end = nameEnd(text, start, to);
    const known = end < 0 ? undefined : this.#program?.long?.[text.slice(start, Math.min(end, start + LONGEST_PROGRAM))];
    if (known !== undefined) return this.#known(word, known, end);
    if (!isLong && this.#short(word)) return;
    if (end - start > 1) this.#named(word, start, end);
  }

  /** @param end of its name */
  #known(word: Word, form: Form, end: number): void {
    if (end === word.to) this.#expect(form);
    else this.#mask(form, { text: word.text, from: end + 1, to: word.to });
  }

  /** By its name alone. The value in the same word is found as any assignment is. */
  #named({ text, to }: Word, start: number, end: number): void {
    const found = nameClass(text, start, end);
    if (found === HARMLESS) return;
    const form = found === DOUBTFUL ? RANDOM : NAMED;
    if (end === to) {
      if (!isSwitch(text, start, end)) this.#expect(form, { guess: true });
    } else if (end === to - 1 && found !== PLAUSIBLE && !this.#isText) this.#expect(form, { guess: true });
  }

  /** Whether it was one of the program's own. */
  #short(word: Word): boolean {
    const program = this.#program;
    if (program === undefined) return false;
    if (program.prefixes !== undefined && this.#prefixed(word, program.prefixes)) return true;
    const { text, from, to } = word;
    for (let at = from + 1; at < to; at++) {
      const letter = text.charAt(at);
      if (program.last === letter) this.#unlocked = true;
      if (this.#letter(program, letter, { text, from: at + 1, to })) return true;
      if (program.flags?.includes(letter) !== true) return false;
    }
    return true;
  }

  /** @param rest of the argument behind the letter */
  #letter(program: Program, letter: string, rest: Word): boolean {
    const isAttached = program.attached?.includes(letter) === true;
    const isNext = program.next?.includes(letter) === true;
    if ((!isAttached && !isNext) || (program.needs !== undefined && !this.#unlocked)) return false;
    const form = program.forms?.[letter] ?? WHOLE;
    if (rest.from === rest.to) {
      if (isNext) this.#expect(form);
      return isNext;
    }
    if (!isAttached) return false;
    if (rest.text.charCodeAt(rest.from) === EQUALS) rest.from += 1;
    this.#mask(form, rest);
    return true;
  }

  #prefixed({ text, from, to }: Word, prefixes: readonly string[]): boolean {
    const prefix = prefixes.findLast((one) => text.startsWith(one, from));
    if (prefix === undefined) return false;
    this.#mask(WHOLE, { text, from: from + prefix.length, to });
    return true;
  }

  /** A word that is no option: it may name a program, or say what the next one is. */
  #plain(word: Word, isLast: boolean): void {
    const named = programIn(word);
    if (named !== undefined && (this.#isLeading || named.direct !== true)) {
      this.#run(named);
      this.#isLeading = false;
      return;
    }
    const { text, from, to } = word;
    if (this.#isLeading) this.#isLeading = to - from <= LONGEST_PROGRAM && WRAPPERS.has(text.slice(text.lastIndexOf('/', to - 1) + 1, to));
    if (text.charCodeAt(to - 1) === EQUALS && !this.#isText) this.#unfinished(word);
    if (this.#program !== undefined) this.#wordOf(this.#program, word, isLast);
  }

  /** `PASSWORD=` and the value in the next argument. */
  #unfinished({ text, from, to }: Word): void {
    const found = nameClass(text, from, to - 1);
    if (found === SECRET || found === DOUBTFUL) this.#expect(found === SECRET ? NAMED : RANDOM, { guess: true });
  }

  #wordOf(program: Program, word: Word, isLast: boolean): void {
    const { text, from, to } = word;
    if (program.runs === true) {
      this.#run(undefined);
      this.#isLeading = true;
      if (program.shell === true) this.#script = 'rest';
      return;
    }
    if (program.word !== undefined) this.#mask(program.word, word);
    if (program.prefixes !== undefined) this.#prefixed(word, program.prefixes);
    if (program.last !== undefined && this.#unlocked && isLast) this.#mask(WHOLE, word);
    if (to - from > LONGEST_SETTING) return;
    const plain = text.slice(from, to);
    const distance = program.after?.[plain];
    if (distance !== undefined) this.#expect(WHOLE, { delay: distance - 1 });
    else if (program.settings !== undefined && this.#unlocked && !plain.includes('=') && nameClass(text, from, to) >= PLAUSIBLE) {
      this.#expect(NAMED, { guess: true });
    }
    if (program.needs === plain || program.last === plain || program.settings === plain) this.#unlocked = true;
  }
}

/** The program that the end of a word names: `/usr/bin/mysql`, `$(mysql`. */
export function programIn({ text, from, to }: Word): Program | undefined {
  let start = to;
  while (start > from && to - start <= LONGEST_PROGRAM && isInProgramName(text.charCodeAt(start - 1))) start--;
  return start === to || to - start > LONGEST_PROGRAM ? undefined : PROGRAMS.get(text.slice(start, to));
}

function isInProgramName(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === DASH || code === 0x5f || (code >= 0x41 && code <= 0x5a)
  );
}

/** Of an option's name; -1: this is none. */
function nameEnd(text: string, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === EQUALS) return at;
    if (isSpace(code) || isQuote(code) || code === COLON) return -1;
  }
  return to;
}

/** `-x`, `--name`, `--name=value`: rather the next option than a secret that begins with a dash. */
function looksLikeOption({ text, from, to }: Word): boolean {
  return text.charCodeAt(from) === DASH && (to - from === 2 || /^--[A-Za-z]/.test(text.slice(from, from + 3)));
}
