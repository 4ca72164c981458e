import type { Spans } from './spans.ts';

/** One text while it is searched. */
export interface Scan {
  text: string;
  /** What was found so far. */
  spans: Spans;
  /** It is read by a shell, which ends words at spaces; else it is one argument, of which spaces are part. */
  shell: boolean;
  /** It was cut: what stands at its end may have gone on. */
  truncated: boolean;
  /** Where its first space is, as far as it was searched; Infinity: none yet. */
  firstSpace: number;
  /** Before it begins no token in parts: what goes on until there has no parts. */
  undottedUntil: number;
}
