import { isUtf8 } from 'node:buffer';

/** argv as kept and published. */
export interface Argv {
  readonly args: string[];
  /** Size of the original argv, NULs included; null where it was cut before anybody could see its end. */
  readonly argsBytes: number | null;
  readonly truncated: boolean;
  /** The kept bytes, where an argument is not valid UTF-8 (`args` then holds U+FFFD in its place). */
  readonly argsRaw: Buffer | null;
  /** Bytes of argv that are kept. */
  readonly keptBytes: number;
}

export interface ArgvSize {
  /** Size of the original where the capture was cut and still knows it; else not above the captured size. */
  readonly originalBytes: number;
  /** What is kept at most. A capture of just this size is taken for one that was cut there. */
  readonly maxBytes: number;
}

/**
 * Of argument vectors with a middle that nobody kept: the index of the first argument behind the gap. What stands there is not what the argument before it
 * speaks of. Beside the arrays, which are shared and published.
 */
const gaps = new WeakMap<readonly string[], number>();

export function gapOfArgs(args: readonly string[]): number | undefined {
  return gaps.get(args);
}

/** @param cutAt bytes of the command line in front of the gap; 0: there is none */
export function noteGap(args: readonly string[], bytes: Uint8Array, cutAt: number): void {
  if (cutAt === 0) return;
  let before = 0;
  for (let at = 0; at < cutAt; at++) if (bytes[at] === 0) before++;
  gaps.set(args, before);
}

const REPLACEMENT = '\ufffd';

/**
 * `/proc/<pid>/cmdline`: arguments, each ended by NUL. Exactly one closing NUL is taken off, so empty arguments stay, the last one too.
 * A cut value ends in a partial argument; a character that the cut went through is left out, as it is no sign of a wrong encoding.
 */
export function parseCmdline(bytes: Buffer, size: ArgvSize): Argv {
  const knownBytes = Math.max(size.originalBytes, bytes.length);
  const kept = Math.min(bytes.length, size.maxBytes);
  const isBlindCut = kept === knownBytes && kept === size.maxBytes;
  const truncated = isBlindCut || kept < knownBytes;
  const argsBytes = isBlindCut ? null : knownBytes;
  if (kept === 0) return { args: [], argsBytes, truncated, argsRaw: null, keptBytes: 0 };
  let end = truncated ? wholeCharacters(bytes, kept) : kept;
  if (bytes[end - 1] === 0) end--;
  const text = bytes.toString('utf8', 0, end);
  const argsRaw = text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(0, end)) ? Buffer.from(bytes.subarray(0, kept)) : null;
  return { args: text.split('\0'), argsBytes, truncated, argsRaw, keptBytes: kept };
}

/** `end`, moved before a UTF-8 sequence that begins but does not finish in front of it. */
function wholeCharacters(bytes: Buffer, end: number): number {
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = bytes[end - back] as number;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? end - back : end;
  }
  return end;
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
