/** In the place of an argument; of one that is shorter, as much of it as fits, so that nothing ever grows. */
const MARK = Buffer.from('***');
const SPACE = 0x20;
const EQUALS = 0x3d;

/**
 * Copies a command line (`/proc/<pid>/cmdline`: arguments, each ended by NUL) to `to` at `at`, with a mark in the place of each argument but the first; returns
 * the length of the copy. Of the first only the first word is kept: programs that rewrite their title put all of it there, arguments included.
 */
export function maskArguments(cmdline: Buffer, to: Buffer, at: number): number {
  const first = endOf(cmdline, 0);
  const space = cmdline.indexOf(SPACE);
  const word = space >= 0 && space < first ? space + 1 : first;
  let position = at + cmdline.copy(to, at, 0, word);
  position += mark(first - word, to, position);
  for (let from = first; from < cmdline.length;) {
    // The NUL that ended the one before.
    to[position++] = 0;
    const end = endOf(cmdline, from + 1);
    position += mark(end - from - 1, to, position);
    from = end;
  }
  return position - at;
}

/** Likewise for variables, `NAME=value` and a NUL each: their names are kept. */
export function maskValues(environ: Buffer, to: Buffer, at: number): number {
  let position = at;
  for (let from = 0; from < environ.length;) {
    const end = endOf(environ, from);
    const equals = environ.indexOf(EQUALS, from);
    const value = equals >= 0 && equals < end ? equals + 1 : end;
    position += environ.copy(to, position, from, value);
    position += mark(end - value, to, position);
    if (end < environ.length) to[position++] = 0;
    from = end + 1;
  }
  return position - at;
}

function endOf(cmdline: Buffer, from: number): number {
  const end = cmdline.indexOf(0, from);
  return end < 0 ? cmdline.length : end;
}

function mark(length: number, to: Buffer, at: number): number {
  return MARK.copy(to, at, 0, Math.min(length, MARK.length));
}
