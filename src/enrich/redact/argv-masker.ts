import { ArgumentSearch } from './argument-search.ts';
import { LineSearch } from './line-search.ts';
import { MARK } from './mark.ts';
import type { Patterns } from './patterns.ts';
import type { Program } from './programs.ts';
import { Spans } from './spans.ts';
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

interface Round {
  readonly program: Program | undefined;
  /** The user's patterns are for what was there before anything was masked. */
  readonly isFirst: boolean;
}

const WHOLE_TEXT: ArgvFacts = { exe: null, truncated: false };

/** More than any text needs that was not made to need them. */
const ROUNDS = 4;

/** Masks one argument vector or text after the other, with what it holds for that made once. */
export class ArgvMasker {
  readonly #patterns: Patterns;
  readonly #byDefault: boolean;
  readonly #spans = new Spans();
  readonly #walker = new Walker();
  readonly #search = new ArgumentSearch();

  constructor(patterns: Patterns, byDefault: boolean) {
    this.#patterns = patterns;
    this.#byDefault = byDefault;
  }

  /** null: there is nothing to mask. The arguments themselves are not changed. */
  mask(argv: Argv, facts: ArgvFacts): MaskedArgs | null {
    const program = this.#programOf(argv.args, facts.exe);
    if (facts.cutBefore === undefined && !this.#isSuspicious(argv.args, program)) return null;
    const first = this.#maskEach(argv, facts, { program, isFirst: true });
    return first === null ? null : this.#settled(argv.args, first, { facts, program });
  }

  /** Without a secret the rest may read otherwise, for one who masks it again as well: so it is read again here. */
  #settled(
    original: readonly string[],
    first: string[],
    { facts, program }: { readonly facts: ArgvFacts; readonly program: Program | undefined },
  ): MaskedArgs {
    let args = first;
    for (let round = 1; round < ROUNDS && this.#byDefault; round++) {
      const again = this.#maskEach({ args, bytes: null }, facts, { program, isFirst: false });
      if (again === null) break;
      args = again;
    }
    return { args, count: Math.max(marksIn(args) - marksIn(original), 1) };
  }

  /** A text that is no argument vector: a path, a name, a title. */
  maskText(text: string): { readonly text: string; readonly count: number } | null {
    if (this.#patterns.isEmpty && (!this.#byDefault || this.#search.stemsIn(text) === 0)) return null;
    const masked = this.mask({ args: ['', text], bytes: null }, WHOLE_TEXT);
    return masked === null ? null : { text: masked.args[1] as string, count: masked.count };
  }

  #programOf(args: readonly string[], exe: string | null): Program | undefined {
    const byFile = exe === null ? undefined : programIn(exe);
    const [first] = args;
    return byFile ?? (first === undefined ? undefined : programIn(first));
  }

  #isSuspicious(args: readonly string[], program: Program | undefined): boolean {
    if (!this.#patterns.isEmpty) return true;
    if (!this.#byDefault) return false;
    if (program !== undefined && program.shell !== true) return args.length > 1;
    for (let i = 0; i < args.length; i++) if (this.#search.stemsIn(args[i] as string) !== 0) return true;
    return false;
  }

  #maskEach(argv: Argv, facts: ArgvFacts, { program, isFirst }: Round): string[] | null {
    const { args } = argv;
    const inLine = isFirst && !this.#patterns.isEmpty ? new LineSearch(this.#patterns, args, argv.bytes) : null;
    let masked: string[] | null = null;
    this.#walker.begin('arguments', program);
    for (let i = 0; i < args.length; i++) {
      const text = args[i] as string;
      this.#spans.clear();
      if (this.#byDefault) {
        if (i === facts.cutBefore) this.#walker.skip();
        const isLast = i === args.length - 1;
        // A long argument in which the gap lies keeps its begin.
        const truncated = (facts.truncated && isLast) || i + 1 === facts.cutBefore;
        this.#step(text, { isProgram: i === 0 && program !== undefined, isLast, truncated });
      }
      inLine?.give(i, this.#spans);
      if (this.#spans.isEmpty) continue;
      masked ??= args.slice();
      masked[i] = this.#spans.mask(text);
    }
    return masked;
  }

  #step(text: string, is: { readonly isProgram: boolean; readonly isLast: boolean; readonly truncated: boolean }): void {
    const argument = { text, spans: this.#spans, refers: false, isScript: this.#walker.isScript, truncated: is.truncated };
    if (!is.isProgram) this.#walker.step(argument, is.isLast);
    this.#search.search(argument);
  }
}

function marksIn(args: readonly string[]): number {
  let count = 0;
  for (const text of args) {
    for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, at + MARK.length)) count++;
  }
  return count;
}
