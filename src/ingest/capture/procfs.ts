import { closeSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { argvBytes } from './arg-size.ts';
import { ChosenEnviron } from './chosen-environ.ts';
import { errnoOf, filePiece, linkPiece } from './piece.ts';
import { SecondPieces } from './second-pieces.ts';
import { MAX_PID_FILE_BYTES, PIECES, SECOND_LOOK, PIECES_AT, SIZES_AT, alignUp } from './record.ts';

const ENOENT = constants.errno.ENOENT;
const ESRCH = constants.errno.ESRCH;

/** Readable while the exited process has not been reaped. */
const OF_ZOMBIES: ReadonlySet<string> = new Set(['stat', 'cgroup', 'status', 'loginuid']);
/** What may be lacking (ENOENT) though the process is there: links of a kernel thread or a zombie, files of a kernel without audit or cgroups. */
const MAY_LACK: ReadonlySet<string> = new Set(['exe', 'cwd', 'loginuid', 'cgroup', ...SECOND_LOOK]);

const STAT = PIECES.indexOf('stat');
const SECOND_AT = PIECES.length - SECOND_LOOK.length;

/**
 * How much is read: all; what a `zombie` still shows, of a process whose exit is known; what a `thread` has of its own; or only the stat that `glance` has read
 * already, of a process that has not changed.
 */
export type Extent = 'all' | 'zombie' | 'thread' | 'glanced';
const READ: Readonly<Record<Exclude<Extent, 'all'>, ReadonlySet<string>>> = {
  zombie: OF_ZOMBIES,
  thread: new Set(['stat', 'status']),
  glanced: new Set(['stat']),
};
/** No pid has more bits (PID_MAX_LIMIT is 2^22); see record.ts. */
const PID_MASK = 0xffffff;
/** Stands for "not tried": linux/errno.h ECANCELED. */
const NOT_TRIED = constants.errno.ECANCELED;

/** Where a capture is written: the ring's data area. */
export interface CaptureTarget {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
}

export interface CaptureOptions {
  /** Where processes are found; replaced in tests. */
  readonly root?: string;
  /** Names of the variables that are wanted. */
  readonly env?: readonly string[];
}

/**
 * Copies one process's `/proc` files into the ring, unparsed, as fast as possible: the process may be gone in a millisecond.
 * A piece that cannot be read is its errno; once the process is seen to be gone the rest is not tried.
 */
export class ProcfsCapture {
  readonly #target: CaptureTarget;
  readonly #root: string;
  readonly #maxArgsBytes: number;
  readonly #second: SecondPieces;
  /** Where the pieces of the record at hand begin. */
  readonly #positions = new Uint32Array(PIECES.length);
  /** CLOCK_MONOTONIC just after `stat` of the last capture was read, nanoseconds: what it says of threads is true of that moment. */
  statNs = 0;
  readonly #glanced = Buffer.alloc(MAX_PID_FILE_BYTES);
  #glancedBytes = 0;

  constructor(target: CaptureTarget, maxArgsBytes: number, { root = '/proc', env = [] }: CaptureOptions = {}) {
    this.#target = target;
    this.#maxArgsBytes = maxArgsBytes;
    this.#root = root;
    this.#second = new SecondPieces(target.bytes, new ChosenEnviron(env));
  }

  /** The stat of a process, for `signatureOf` and for a record of extent `glanced`; undefined when it cannot be read. */
  glance(pid: number): string | undefined {
    try {
      const fd = openSync(`${this.#root}/${pid}/stat`, 'r');
      try {
        this.#glancedBytes = readSync(fd, this.#glanced, 0, MAX_PID_FILE_BYTES, 0);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      errnoOf(error);
      return undefined;
    }
    this.statNs = Number(process.hrtime.bigint());
    return this.#glanced.toString('latin1', 0, this.#glancedBytes);
  }

  /**
   * Writes the record of process or thread `pid` at byte `at` (8-byte aligned, with `maxRecordBytes` of room); returns its length. The delay counts from
   * `stampNs`. `tgid` is needed for a thread only.
   */
  write(pid: number, at: number, { stampNs, extent, tgid }: { stampNs: number; extent: Extent; tgid?: number }): number {
    const { words } = this.#target;
    const directory = extent === 'thread' ? `${this.#root}/${tgid ?? pid}/task/${pid}/` : `${this.#root}/${pid}/`;
    const read = extent === 'all' ? undefined : READ[extent];
    let position = at + PIECES_AT;
    let gone = 0;
    for (let i = 0; i < PIECES.length; i += 1) {
      const lost = gone > 0 || read?.has(PIECES[i] as string) === false;
      this.#positions[i] = position;
      const size = lost ? -(gone || (extent === 'zombie' ? ESRCH : NOT_TRIED)) : this.#copy(directory, i, { at, position, extent });
      if (i === STAT && extent !== 'glanced') this.statNs = Number(process.hrtime.bigint());
      words[(at + SIZES_AT) / 4 + i] = size >>> 0;
      if (size > 0) position += alignUp(size, 4);
      if (!lost && (size === -ENOENT || size === -ESRCH) && !MAY_LACK.has(PIECES[i] as string)) gone = -size;
    }
    const length = alignUp(position - at, 8);
    words[at / 4] = length;
    // The bits above are flags: a damaged message must not set them.
    words[at / 4 + 1] = pid & PID_MASK;
    words[at / 4 + 2] = Math.max(0, Math.round((Number(process.hrtime.bigint()) - stampNs) / 1000));
    words[at / 4 + 3] = this.#originalArgvBytes(at);
    return length;
  }

  /** What `cmdline` would have been without the limit; as read where that cannot be told. */
  #originalArgvBytes(at: number): number {
    const { words, bytes } = this.#target;
    const size = (i: number): number => (words[(at + SIZES_AT) / 4 + i] as number) | 0;
    const read = Math.max(0, size(0));
    if (read < this.#maxArgsBytes) return read;
    const statAt = at + PIECES_AT + alignUp(read, 4) + alignUp(Math.max(0, size(1)), 4);
    return Math.max(read, argvBytes(bytes.toString('latin1', statAt, statAt + Math.max(0, size(2)))));
  }

  #copy(directory: string, i: number, { at, position, extent }: { at: number; position: number; extent: Extent }): number {
    if (i >= SECOND_AT) return this.#lookAgain(directory, i, { at, position });
    if (extent !== 'glanced') return this.#piece(directory, i, position);
    this.#target.bytes.set(this.#glanced.subarray(0, this.#glancedBytes), position);
    return this.#glancedBytes;
  }

  #lookAgain(directory: string, i: number, { at, position }: { at: number; position: number }): number {
    const name = PIECES[i] as (typeof SECOND_LOOK)[number];
    return this.#second.isWorth(name, (piece) => this.#read(piece, at)) ? this.#second.copy(name, directory, position) : -NOT_TRIED;
  }

  /** A piece of the record at `at` that was read before; empty when it could not be. */
  #read(name: (typeof PIECES)[number], at: number): Buffer {
    const i = PIECES.indexOf(name);
    const from = this.#positions[i] as number;
    return this.#target.bytes.subarray(from, from + Math.max(0, (this.#target.words[(at + SIZES_AT) / 4 + i] as number) | 0));
  }

  /** Size of piece `i` written at `position`, or −errno. */
  #piece(directory: string, i: number, position: number): number {
    const name = PIECES[i] as (typeof PIECES)[number];
    const { bytes } = this.#target;
    if (name === 'exe' || name === 'cwd') return linkPiece(bytes, position, { path: directory + name, limit: MAX_PID_FILE_BYTES });
    return filePiece(bytes, position, { path: directory + name, limit: name === 'cmdline' ? this.#maxArgsBytes : MAX_PID_FILE_BYTES });
  }
}
