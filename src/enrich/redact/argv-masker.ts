import { LineSearch } from './line-search.ts';
import { NAME_STEMS } from './name.ts';
import type { Patterns } from './patterns.ts';
import { PROGRAM_STEMS } from './programs.ts';
import type { Program } from './programs.ts';
import type { Scan } from './scan.ts';
import { Script } from './script.ts';
import { SHAPE_STEMS } from './shapes.ts';
import { Spans } from './spans.ts';
import { SECRET_STEM, Stems } from './stems.ts';
import { scanText } from './text.ts';
import { URL_STEMS } from './url.ts';
import { isSpace } from './value.ts';
import { Walker, programIn } from './walker.ts';

/** What is known of a command line besides its arguments. */
export interface ArgvFacts {
  /** The file that runs, which tells the program better than the first argument: that may say anything. */
  readonly exe: string | null;
  /** The last argument may have gone on. */
  readonly truncated: boolean;
  /** Index of the argument before which others were left out: the last of them may have said that this is a secret. */
  readonly cutBefore?: number;
}

/** An argument vector as text, and as bytes where the bytes are no text: then each character of `args` stands for one byte. */
export interface Argv {
  readonly args: readonly string[];
  readonly bytes: Uint8Array | null;
}

export interface MaskedArgs {
  readonly args: string[];
  readonly count: number;
}

/** Masks one argument vector or text after the other, with what it holds for that made once. */
export class ArgvMasker {
  readonly #stems = new Stems({ secret: [...NAME_STEMS, ...SHAPE_STEMS, ...URL_STEMS], program: PROGRAM_STEMS });
  readonly #patterns: Patterns;
  readonly #byDefault: boolean;
  readonly #spans = new Spans();
  readonly #walker = new Walker(this.#spans, false);
  readonly #script = new Script(this.#spans);
  readonly #scan: Scan = { text: '', spans: this.#spans, shell: false, truncated: false, firstSpace: 0, undottedUntil: 0 };

  constructor(patterns: Patterns, byDefault: boolean) {
    this.#patterns = patterns;
    this.#byDefault = byDefault;
  }

  /** null: there is nothing to mask. The arguments themselves are not changed. */
  mask(argv: Argv, facts: ArgvFacts): MaskedArgs | null {
    const program = this.#programOf(argv.args, facts.exe);
    if (!this.#isSuspicious(argv.args, program)) return null;
    return this.#maskEach(argv, facts, program);
  }

  /** A text that is no argument vector: a path, a name, a title. */
  maskText(text: string): { readonly text: string; readonly count: number } | null {
    if (this.#patterns.isEmpty && (!this.#byDefault || this.#stems.in(text) === 0)) return null;
    this.#spans.clear();
    this.#scan.truncated = false;
    this.#search(text, false);
    this.#patterns.find(text, (from, to) => this.#spans.add(text, from, to));
    return this.#spans.isEmpty ? null : this.#spans.mask(text);
  }

  #programOf(args: readonly string[], exe: string | null): Program | undefined {
    const byFile = exe === null ? undefined : programIn({ text: exe, from: 0, to: exe.length });
    const [first] = args;
    return byFile ?? (first === undefined ? undefined : programIn({ text: first, from: 0, to: first.length }));
  }

  #isSuspicious(args: readonly string[], program: Program | undefined): boolean {
    if (!this.#patterns.isEmpty) return true;
    if (!this.#byDefault) return false;
    if (program !== undefined && program.shell !== true) return args.length > 1;
    for (let i = 0; i < args.length; i++) if (this.#stems.in(args[i] as string) !== 0) return true;
    return false;
  }

  #maskEach(argv: Argv, facts: ArgvFacts, program: Program | undefined): MaskedArgs | null {
    const { args } = argv;
    const inLine = this.#patterns.isEmpty ? null : new LineSearch(this.#patterns, args, argv.bytes);
    let masked: string[] | null = null;
    let count = 0;
    this.#walker.begin(program);
    for (let i = 0; i < args.length; i++) {
      const text = args[i] as string;
      this.#spans.clear();
      this.#scan.truncated = facts.truncated && i === args.length - 1;
      if (this.#byDefault) this.#step(args, i, { isProgram: i === 0 && program !== undefined, isCut: i === facts.cutBefore });
      inLine?.give(i, this.#spans);
      if (this.#spans.isEmpty) continue;
      const made = this.#spans.mask(text);
      masked ??= args.slice();
      masked[i] = made.text;
      count += made.count;
    }
    return masked === null ? null : { args: masked, count };
  }

  #step(args: readonly string[], index: number, is: { readonly isProgram: boolean; readonly isCut: boolean }): void {
    const text = args[index] as string;
    const isScript = this.#walker.isScript;
    if (is.isCut) this.#walker.skip();
    if (!is.isProgram) this.#walker.step({ text, from: 0, to: text.length }, index === args.length - 1);
    this.#search(text, isScript);
  }

  /** By the rules for any text. */
  #search(text: string, shell: boolean): void {
    if (!this.#byDefault) return;
    const stems = this.#stems.in(text);
    if (stems === 0) return;
    if ((stems & SECRET_STEM) !== 0) {
      this.#scan.text = text;
      this.#scan.shell = shell;
      scanText(this.#scan);
    }
    if (hasSpace(text)) this.#script.mask(text);
  }
}

function hasSpace(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (isSpace(text.charCodeAt(at))) return true;
  return false;
}
