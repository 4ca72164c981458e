/*
 * A capture in the ring, 8-byte aligned, written by the ingest thread and read in place by the main thread:
 *
 *    0 u32 bytes (whole record) · 4 u24 pid, u8 flags · 8 u32 delay_us · 12 u32 original bytes of cmdline, as far as known
 *   16 i32 size of each piece in the order of PIECES (>= 0: bytes; < 0: −errno) · then the pieces, each padded to 4 bytes
 *   with the flag KERNEL, at the next multiple of 8: what the kernel recorded, see kernel-facts.ts
 */
import { constants } from 'node:os';
import { EXE_STAT_BYTES } from '../../core/exe-stat.ts';
import type { Capture, Piece } from '../../core/kernel-event.ts';
import { CaptureFlag, FLAGS_SHIFT, readKernelFacts } from './kernel-facts.ts';

const { ECANCELED } = constants.errno;

/** Order of capture, too: what vanishes first and matters most comes first. */
const FIRST_LOOK = ['cmdline', 'exe', 'stat', 'cgroup', 'status', 'loginuid', 'cwd'] as const;
/** Only where they say something: see second-look.ts. */
export const SECOND_LOOK = ['exeStat', 'session', 'pidNs', 'streams', 'environ'] as const;
export const PIECES = [...FIRST_LOOK, ...SECOND_LOOK] as const;
export const SIZES_AT = 16;
export const PIECES_AT = SIZES_AT + 4 * PIECES.length;
export const MAX_PID_FILE_BYTES = 4096;
/** Of the chosen variables together. */
export const MAX_ENVIRON_BYTES = 8192;
/** Of the others of the second look, with what they are padded by. */
const MAX_SECOND_LOOK_BYTES = EXE_STAT_BYTES + 16 + 256 + 516;

/** Room a record may need: argv as configured, the other pieces at most one page each. The kernel's facts come in the place of two of them. */
export function maxRecordBytes(maxArgsBytes: number): number {
  const pieces = maxArgsBytes + (FIRST_LOOK.length - 1) * (MAX_PID_FILE_BYTES + 4) + MAX_SECOND_LOOK_BYTES + MAX_ENVIRON_BYTES;
  return alignUp(PIECES_AT + pieces + 8, 8);
}

export function alignUp(n: number, to: number): number {
  return Math.ceil(n / to) * to;
}

/** What was not worth reading is not there. */
function tried(piece: Piece): Piece | undefined {
  return piece === ECANCELED ? undefined : piece;
}

type Twelve<T> = [T, T, T, T, T, T, T, T, T, T, T, T];

/** Of whom the record at byte `at` is. */
export function pidOf(words: Uint32Array, at: number): number {
  return (words[at / 4 + 1] as number) & (2 ** FLAGS_SHIFT - 1);
}

/** The record at byte `at`, as views into `bytes`: they live only as long as the frame they are in. */
export function readCapture(bytes: Buffer, words: Uint32Array, at: number): Capture {
  const w = at >>> 2;
  const pieces: Piece[] = [];
  let position = at + PIECES_AT;
  for (let i = 0; i < PIECES.length; i += 1) {
    const size = (words[w + SIZES_AT / 4 + i] as number) | 0;
    if (size < 0) {
      pieces.push(-size);
      continue;
    }
    pieces.push(bytes.subarray(position, position + size));
    position += alignUp(size, 4);
  }
  const [cmdline, exe, stat, cgroup, status, loginuid, cwd, exeStat, session, pidNs, streams, environ] = pieces as Twelve<Piece>;
  const flags = (words[w + 1] as number) >>> FLAGS_SHIFT;
  const kernel = (flags & CaptureFlag.KERNEL) === 0 ? undefined : readKernelFacts(bytes, words, { at: alignUp(position, 8), flags });
  return {
    delayUs: words[w + 2] as number,
    cmdlineBytes: words[w + 3] as number,
    cmdline,
    exe,
    stat,
    cgroup,
    status,
    loginuid,
    cwd,
    exeStat: tried(exeStat),
    session: tried(session),
    pidNs: tried(pidNs),
    streams: tried(streams),
    environ: tried(environ),
    kernel,
  };
}
