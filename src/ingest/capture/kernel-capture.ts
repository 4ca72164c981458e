import { constants } from 'node:os';
import type { ExecRecord, RecordMemory } from './bpf/record.ts';
import { isWhole, writeArgs } from './bpf/command-line.ts';
import { ChosenEnviron } from './chosen-environ.ts';
import { SecondPieces } from './second-pieces.ts';
import { ExecFlag, Exec, Head } from './bpf/layout.ts';
import { writePath } from './bpf/path-text.ts';
import { CaptureFlag, FLAGS_SHIFT, writeKernelFacts } from './kernel-facts.ts';
import { LiveImage } from './live-image.ts';
import { MAX_PID_FILE_BYTES, PIECES, PIECES_AT, SIZES_AT, alignUp } from './record.ts';

const { ECANCELED, EFAULT, ENAMETOOLONG, ENOENT } = constants.errno;
const UNSET = 0xffffffff;
const UNSET_TEXT = Buffer.from('4294967295', 'latin1');

export interface KernelCaptureConfig {
  readonly maxArgsBytes: number;
  readonly root?: string;
  /** Names of the variables that are wanted. */
  readonly env?: readonly string[];
}

/**
 * Writes captures from records of the kernel, in the form of those from `/proc` (record.ts). `/proc` is asked only for what a record cannot hold (a path too deep,
 * the middle of a long command line, a cgroup that nobody told of), and only while the process still runs the image of the record.
 */
export class KernelCapture {
  readonly #target: RecordMemory;
  readonly #maxArgsBytes: number;
  readonly #live: LiveImage;
  readonly #second: SecondPieces;
  #at = 0;
  #position = 0;
  #flags = 0;
  #cut = 0;

  constructor(target: RecordMemory, { maxArgsBytes, root = '/proc', env = [] }: KernelCaptureConfig) {
    this.#target = target;
    this.#maxArgsBytes = maxArgsBytes;
    this.#live = new LiveImage(root);
    this.#second = new SecondPieces(target.bytes, new ChosenEnviron(env));
  }

  /**
   * Writes the capture at byte `at` (8-byte aligned, with `maxRecordBytes` of room) and returns its length. `stampNs`: of the EXEC, from which the delay counts
   * where `/proc` was read; `cgroup`: the lines of /proc/<pid>/cgroup, undefined when they are not known.
   */
  write(at: number, record: ExecRecord, { stampNs, cgroup }: { stampNs: number; cgroup: Buffer | undefined }): number {
    this.#at = at;
    this.#position = at + PIECES_AT;
    this.#flags = CaptureFlag.KERNEL;
    this.#cut = 0;
    this.#live.of(record);
    this.#size('cmdline', this.#args(record));
    this.#size('exe', this.#exe(record));
    this.#size('stat', -ECANCELED);
    this.#size('cgroup', this.#cgroup(cgroup));
    this.#size('status', -ECANCELED);
    this.#size('loginuid', this.#loginUid(record.u32(Exec.LOGIN_UID)));
    this.#size('cwd', this.#cwd(record));
    // The record itself says the first three.
    this.#size('exeStat', -ECANCELED);
    this.#size('session', -ECANCELED);
    this.#size('pidNs', -ECANCELED);
    this.#size('streams', this.#secondLook('streams'));
    this.#size('environ', this.#secondLook('environ'));
    this.#position = alignUp(this.#position, 8);
    this.#position += writeKernelFacts(this.#target, this.#position, { record, cut: this.#cut });
    return this.#finish(record, stampNs);
  }

  #finish(record: ExecRecord, stampNs: number): number {
    const { words } = this.#target;
    const length = alignUp(this.#position - this.#at, 8);
    const w = this.#at / 4;
    words[w] = length;
    words[w + 1] = record.u32(Head.TGID) | (this.#flags << FLAGS_SHIFT);
    words[w + 2] = this.#live.asked ? Math.max(0, Math.round((Number(process.hrtime.bigint()) - stampNs) / 1000)) : 0;
    words[w + 3] = record.u32(Exec.ARGS_TOTAL);
    return length;
  }

  #size(piece: (typeof PIECES)[number], size: number): void {
    this.#target.words[(this.#at + SIZES_AT) / 4 + PIECES.indexOf(piece)] = size >>> 0;
    if (size > 0) this.#position += alignUp(size, 4);
  }

  #args(record: ExecRecord): number {
    if (!isWhole(record) && (this.#maxArgsBytes > keptAtMost(record) || record.has(ExecFlag.ARGS_FAULT))) {
      const size = this.#live.file('cmdline', this.#target.bytes, { position: this.#position, limit: this.#maxArgsBytes });
      if (size > 0) return size;
    }
    const { bytes, cut } = writeArgs(this.#target, this.#position, record);
    if (bytes < 0) return -EFAULT;
    this.#cut = cut;
    this.#flags |= CaptureFlag.ARGS;
    return bytes;
  }

  #exe(record: ExecRecord): number {
    return this.#path(record, {
      name: 'exe',
      flag: CaptureFlag.EXE,
      isCut: record.has(ExecFlag.EXE_CUT),
      at: record.exeAt,
      length: record.u16(Exec.EXE_BYTES),
      deleted: record.has(ExecFlag.EXE_DELETED | ExecFlag.EXE_PSEUDO),
    });
  }

  #cwd(record: ExecRecord): number {
    return this.#path(record, {
      name: 'cwd',
      flag: CaptureFlag.CWD,
      isCut: record.has(ExecFlag.CWD_CUT),
      at: record.cwdAt,
      length: record.u16(Exec.CWD_BYTES),
      deleted: record.has(ExecFlag.CWD_DELETED),
    });
  }

  #path(record: ExecRecord, { name, flag, isCut, at, length, deleted }: RecordedPath): number {
    const names = { bytes: record.bytes, at, length, deleted };
    const size = isCut ? 0 : writePath(this.#target.bytes, this.#position, { names, room: MAX_PID_FILE_BYTES });
    if (size <= 0) return this.#live.link(name, this.#target.bytes, this.#room()) || -ENAMETOOLONG;
    this.#flags |= flag;
    return size;
  }

  #cgroup(cgroup: Buffer | undefined): number {
    if (cgroup === undefined || cgroup.length > MAX_PID_FILE_BYTES)
      return this.#live.file('cgroup', this.#target.bytes, this.#room()) || -ENOENT;
    this.#flags |= CaptureFlag.CGROUP;
    return cgroup.copy(this.#target.bytes, this.#position);
  }

  #loginUid(uid: number): number {
    if (uid === UNSET) return UNSET_TEXT.copy(this.#target.bytes, this.#position);
    return this.#target.bytes.write(String(uid), this.#position, 'latin1');
  }

  #secondLook(name: 'streams' | 'environ'): number {
    if (!this.#second.isWorth(name, this.#written)) return -ECANCELED;
    return this.#live.look((directory) => this.#second.copy(name, directory, this.#position));
  }

  /** A piece of the capture at hand, as far as it is there. */
  readonly #written = (piece: (typeof PIECES)[number]): Buffer => {
    const { words, bytes } = this.#target;
    const sizeOf = (i: number): number => Math.max(0, (words[(this.#at + SIZES_AT) / 4 + i] as number) | 0);
    const place = PIECES.indexOf(piece);
    let from = this.#at + PIECES_AT;
    for (let i = 0; i < place; i += 1) from += alignUp(sizeOf(i), 4);
    return bytes.subarray(from, from + sizeOf(place));
  };

  #room(): { position: number; limit: number } {
    return { position: this.#position, limit: MAX_PID_FILE_BYTES };
  }
}

interface RecordedPath {
  readonly name: 'exe' | 'cwd';
  readonly flag: number;
  /** The kernel did not reach its root, or had no room for it. */
  readonly isCut: boolean;
  readonly at: number;
  readonly length: number;
  readonly deleted: boolean;
}

/** What a record of a longer command line holds at most: asking for more is no use where that is the limit, too. */
function keptAtMost(record: ExecRecord): number {
  return record.u32(Exec.ARGS_BYTES) + (record.tail.length === 0 ? 0 : record.tail.length);
}
