import { letterFiles, readLetterFile } from './letter-files.ts';
import { parseLetter } from './line.ts';
import type { DeadLetter } from './line.ts';

/** One line of a file of dead letters, the first being 1. */
export type ReadLine = {
  readonly path: string;
  readonly line: number;
  /** As it is in the file, with its line feed. */
  readonly raw: Buffer;
} & ({ readonly letter: DeadLetter } | { readonly damage: string });

/** What ends without a line feed: writing it was interrupted, or is under way. It was never confirmed, and is no damage. */
export interface TornLine {
  readonly path: string;
  readonly bytes: number;
}

export interface ReadFile {
  readonly path: string;
  readonly lines: readonly ReadLine[];
  readonly torn: TornLine | undefined;
}

/** The dead letters of one folder file by file, oldest first; nothing where there is no folder. Throws FILE_IO. */
export async function* readLetters(folder: string): AsyncGenerator<ReadFile, void> {
  for (const { path } of await letterFiles(folder)) {
    const content = await readLetterFile(path);
    if (content !== undefined) yield linesOf(path, content);
  }
}

function linesOf(path: string, content: Buffer): ReadFile {
  const lines: ReadLine[] = [];
  let from = 0;
  for (let to = content.indexOf(0x0a); to >= 0; to = content.indexOf(0x0a, from)) {
    const letter = parseLetter(content.toString('utf8', from, to));
    const place = { path, line: lines.length + 1, raw: content.subarray(from, to + 1) };
    lines.push(typeof letter === 'string' ? { ...place, damage: letter } : { ...place, letter });
    from = to + 1;
  }
  const bytes = content.length - from;
  return { path, lines, torn: bytes === 0 ? undefined : { path, bytes } };
}
