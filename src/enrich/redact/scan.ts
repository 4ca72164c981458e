import type { SpanSink } from './spans.ts';

/** One text while it is searched. */
export interface Scan {
  text: string;
  spans: SpanSink;
  /** Values are looked for by their names: not in a text of which the words are searched one by one. */
  names: boolean;
  /** A shell fills in the variables in it. */
  refers: boolean;
  /** It was cut: what stands at its end may have gone on. */
  truncated: boolean;
  /** Where its first space is, as far as it was searched; Infinity: none yet. */
  firstSpace: number;
  /** Likewise its first quote of either kind, but for those around values that were masked. */
  firstQuote: number;
  firstApostrophe: number;
  /** Before it begins no token in parts: what goes on until there has no parts. */
  undottedUntil: number;
}
