/**
 * Goes through the words of a command and masks what their place makes a secret: the value of an option with a telling name, the next word
 * after it, what a known program takes by short options. Words are arguments, or, of a text that a shell reads, its words.
 */
import { AUTH, LOCATED, NAMED, NOTHING, OTHER, RANDOM, WHOLE, maskForm } from './form.ts';
import type { Form } from './form.ts';
import { DOUBTFUL, HARMLESS, PLAUSIBLE, SECRET, isSwitch, nameClass } from './name.ts';
import { PROGRAMS, entryOf } from './programs.ts';
import type { Program } from './programs.ts';
import type { SpanSink } from './spans.ts';
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

/** An argument, or a word of a text that a shell reads. */
export interface Word {
  readonly text: string;
  readonly spans: SpanSink;
  /** A shell fills in the variables in it. */
  readonly refers: boolean;
}

/** What the words are: arguments, or those of a text that a shell certainly, or perhaps, reads. */
export type Reading = 'arguments' | 'script' | 'text';

/** What a word ends with whose value is in the next one. In a text of which that is not certain other rules see to it. */
const UNFINISHED = { arguments: EQUALS, script: COLON, text: -1 } as const;

/** How a secret is said of which the name came before: the secret itself comes after it. */
const SCHEMES: ReadonlySet<string> = new Set(['basic', 'bearer', 'digest', 'negotiate', 'token', 'apikey']);

export class Walker {
  #reading: Reading = 'arguments';
  #program: Program | undefined;
  /** The first of the command: words behind it may only look like programs, as `/bin/sh` in `useradd -s /bin/sh -p x`. */
  #own: Program | undefined;
  /** What the next word holds, by an option or a word before it. */
  #expected: Form = NOTHING;
  /** What is expected may be an option instead. */
  #isGuess = false;
  /** The word behind what is expected may be the secret, and this a name. */
  #isTwice = false;
  /** Words to go before the one that is expected. */
  #delay = 0;
  /** The word has been seen without which the program's options mean nothing, or that makes the last argument a secret. */
  #unlocked = false;
  /** No word but wrappers yet. */
  #isLeading = true;
  #isNaming = false;
  /** The next word, or all from now on, are read by a shell. */
  #script: 'none' | 'next' | 'rest' = 'none';

  /** Whether the next word is read by a shell. */
  get isScript(): boolean {
    return this.#script !== 'none';
  }

  /** A new command begins. `program` is what runs, where that is known; its name is no word of it then. */
  begin(reading: Reading, program?: Program): void {
    this.#reading = reading;
    this.#own = program;
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
    const { text } = word;
    if (text.charCodeAt(0) === DASH && text.length > 1) this.#option(word);
    else if (!isNamed) this.#plain(word, isLast);
  }

  #run(program: Program | undefined): void {
    this.#program = program;
    this.#unlocked = program?.last === '';
  }

  #expect(form: Form, how: { readonly guess?: boolean; readonly delay?: number; readonly twice?: boolean } = {}): void {
    this.#expected = form;
    this.#isGuess = how.guess === true;
    this.#delay = how.delay ?? 0;
    this.#isTwice = how.twice === true;
  }

  #takeExpected(word: Word): boolean {
    const form = this.#expected;
    if (form === NOTHING) return false;
    if (this.#delay > 0) {
      this.#delay -= 1;
      return false;
    }
    if (this.#reading === 'script' && SCHEMES.has(word.text.toLowerCase())) return true;
    const isGuess = this.#isGuess;
    if (this.#isTwice) this.#expect(form, { guess: true });
    else this.#expect(NOTHING);
    if (isGuess && looksLikeOption(word.text)) return false;
    this.#mask(form, word);
    return true;
  }

  /** @param from of the part that holds the secret, and all behind it */
  #mask(form: Form, { text, spans, refers }: Word, from = 0): void {
    if (!refers || !isReference(text, from, text.length)) maskForm(form, { text, from, to: text.length, spans });
  }

  #option(word: Word): void {
    const { text } = word;
    const isLong = text.charCodeAt(1) === DASH;
    this.#isNaming = NAMINGS.has(text.slice(0, LONGEST_PROGRAM));
    if (this.#program?.shell === true && !isLong && text.charCodeAt(text.length - 1) === LETTER_C) this.#script = 'next';
    const start = isLong ? 2 : 1;
    const end = nameEnd(text, start);
    const name = end < 0 ? '' : text.slice(start, Math.min(end, start + LONGEST_PROGRAM));
    const known = entryOf(this.#program?.long, name) ?? entryOf(this.#own?.long, name);
    if (known !== undefined) return this.#known(word, known, end);
    if (!isLong && (this.#short(word, this.#program) || (this.#own !== this.#program && this.#short(word, this.#own)))) return;
    if (end - start > 1) this.#named(word, start, end);
    // `--rsh=sshpass -p x`, as one argument.
    if (end > 0 && end < text.length && this.#reading === 'text' && this.#isLeading) this.#begun(text);
  }

  /** @param end of its name */
  #known(word: Word, form: Form, end: number): void {
    if (end === word.text.length) this.#expect(form);
    else this.#mask(form, word, end + 1);
  }

  /** A command begins in the value of an option. */
  #begun(text: string): void {
    const program = programIn(text);
    if (program !== undefined) this.#run(program);
    this.#isLeading = false;
  }

  /** By its name alone. The value in the same word is found as any assignment is. */
  #named(word: Word, start: number, end: number): void {
    const { text } = word;
    const found = nameClass(text, start, end);
    if (found === HARMLESS) return;
    const form = formOf(found, text.slice(start, end));
    if (form === AUTH && end < text.length) this.#mask(form, word, end + 1);
    if (end === text.length) {
      if (!isSwitch(text, start, end)) this.#expect(form, { guess: true });
    } else if (end === text.length - 1 && found !== PLAUSIBLE && this.#reading === 'arguments') this.#expect(form, { guess: true });
  }

  /** Whether it was one of the program's own. */
  #short(word: Word, program: Program | undefined): boolean {
    if (program === undefined) return false;
    if (program.prefixes !== undefined && this.#prefixed(word, program.prefixes)) return true;
    const { text } = word;
    for (let at = 1; at < text.length; at++) {
      const letter = text.charAt(at);
      if (program.last === letter) this.#unlocked = true;
      if (this.#letter(program, letter, { word, at: at + 1 })) return true;
      if (program.flags?.includes(letter) !== true) return false;
    }
    return true;
  }

  /** @param rest what stands behind the letter */
  #letter(program: Program, letter: string, { word, at }: { readonly word: Word; readonly at: number }): boolean {
    const isAttached = program.attached?.includes(letter) === true;
    const isNext = program.next?.includes(letter) === true;
    if (at === word.text.length && program.skip?.includes(letter) === true) {
      this.#expect(OTHER);
      return true;
    }
    if ((!isAttached && !isNext) || (program.needs !== undefined && !(this.#unlocked && program === this.#program))) return false;
    const form = entryOf(program.forms, letter) ?? WHOLE;
    if (at === word.text.length) {
      if (isNext) this.#expect(form);
      return isNext;
    }
    if (isAttached) this.#mask(form, word, word.text.charCodeAt(at) === EQUALS ? at + 1 : at);
    return isAttached;
  }

  #prefixed(word: Word, prefixes: readonly string[]): boolean {
    const prefix = prefixes.findLast((one) => word.text.startsWith(one));
    if (prefix !== undefined) this.#mask(WHOLE, word, prefix.length);
    return prefix !== undefined;
  }

  /** A word that is no option: it may name a program, or say what the next one is. */
  #plain(word: Word, isLast: boolean): void {
    const { text } = word;
    const named = programIn(text);
    if (named !== undefined && (this.#isLeading || named.direct !== true)) {
      if (this.#isLeading || this.#program?.runs === true) this.#own = named;
      this.#run(named);
      this.#isLeading = false;
      return;
    }
    if (this.#isLeading) this.#isLeading = text.length <= LONGEST_PROGRAM && WRAPPERS.has(text.slice(text.lastIndexOf('/') + 1));
    if (text.charCodeAt(text.length - 1) === UNFINISHED[this.#reading]) this.#unfinished(text);
    if (this.#program !== undefined) this.#wordOf(this.#program, word, isLast);
  }

  /** `PASSWORD=` and the value in the next argument; in a script `password:` and the value in the next word. */
  #unfinished(text: string): void {
    // The = of base64 ends a value.
    if (nameEnd(text.slice(0, -1), 0) !== text.length - 1) return;
    const found = nameClass(text, 0, text.length - 1);
    if (found === SECRET || found === DOUBTFUL) this.#expect(found === SECRET ? NAMED : RANDOM, { guess: true });
  }

  #wordOf(program: Program, word: Word, isLast: boolean): void {
    const { text } = word;
    if (program.runs === true) {
      this.#own = undefined;
      this.#run(undefined);
      this.#isLeading = true;
      if (program.shell === true) this.#script = 'rest';
      return;
    }
    if (program.word !== undefined && (program.needs === undefined || this.#unlocked)) this.#mask(program.word, word);
    if (program.prefixes !== undefined) this.#prefixed(word, program.prefixes);
    if (program.last !== undefined && this.#unlocked && isLast) this.#mask(WHOLE, word);
    if (text.length > LONGEST_SETTING) return;
    const distance = entryOf(program.after, text);
    if (distance !== undefined) this.#expect(WHOLE, { delay: distance - 1, guess: distance === 1, twice: program.twice === true });
    else if (program.settings !== undefined && this.#unlocked && isSecretSetting(text)) this.#expect(NAMED, { guess: true });
    if (program.needs === text || program.last === text || program.settings === text) this.#unlocked = true;
  }
}

function formOf(found: number, name: string): Form {
  if (found === DOUBTFUL) return /auth$/i.test(name) ? AUTH : RANDOM;
  return name === 'secret' ? LOCATED : NAMED;
}

function isSecretSetting(text: string): boolean {
  return !text.includes('=') && nameClass(text, 0, text.length) >= PLAUSIBLE;
}

/** The program that the end of a word names: `/usr/bin/mysql`, `$(mysql`. */
export function programIn(text: string): Program | undefined {
  const to = text.length;
  let start = to;
  while (start > 0 && to - start <= LONGEST_PROGRAM && isInProgramName(text.charCodeAt(start - 1))) start--;
  return start === to || to - start > LONGEST_PROGRAM ? undefined : PROGRAMS.get(text.slice(start));
}

function isInProgramName(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === DASH || code === 0x5f || (code >= 0x41 && code <= 0x5a)
  );
}

/** Of an option's name; -1: this is none. */
function nameEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === EQUALS) return at;
    if (isSpace(code) || isQuote(code) || code === COLON) return -1;
  }
  return text.length;
}

/** `-x`, `--name`, `--name=value`: rather the next option than a secret that begins with a dash. */
function looksLikeOption(text: string): boolean {
  return text.charCodeAt(0) === DASH && (text.length === 2 || /^--[A-Za-z]/.test(text.slice(0, 3)));
}
