const SLASH = 0x2f;
const DELETED = Buffer.from(' (deleted)', 'latin1');

/** Names from the last to the first, each ended by NUL: `bytes` of them at `at`. */
export interface Names {
  readonly bytes: Buffer;
  readonly at: number;
  readonly length: number;
  readonly deleted: boolean;
}

/** Writes the path that the names make, as the kernel prints it, and returns its length; more than `room` is not written, and −1 returned. */
export function writePath(to: Buffer, position: number, { names, room }: { names: Names; room: number }): number {
  const { bytes, at, length, deleted } = names;
  const needed = Math.max(1, length) + (deleted ? DELETED.length : 0);
  if (needed > room) return -1;
  let written = position;
  let end = at + length - 1;
  while (end > at) {
    let start = end;
    while (start > at && bytes[start - 1] !== 0) start -= 1;
    to[written] = SLASH;
    bytes.copy(to, written + 1, start, end);
    written += 1 + end - start;
    end = start - 1;
  }
  if (length === 0) to[written++] = SLASH;
  if (deleted) written += DELETED.copy(to, written);
  return written - position;
}
