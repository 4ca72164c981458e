import { constants } from 'node:os';
import type { ExecRecord } from './bpf/record.ts';
import { Exec, Head } from './bpf/layout.ts';
import { filePiece, linkPiece } from './piece.ts';

const { ESRCH } = constants.errno;
const TICK_NS = 1e7;
const MAX_STAT_BYTES = 4096;
/** Fields of /proc/<pid>/stat after the command name, counted from the state as 3 (proc(5)). */
const START_TIME = 22 - 3;
const ARG_START = 48 - 3;

interface Room {
  readonly position: number;
  readonly limit: number;
}

/** `/proc` of a process, as long as it runs the image that a record is of. Sizes are those of the bytes written, or −errno: ESRCH when it has gone on. */
export class LiveImage {
  /** Whether anything was read for the record at hand. */
  asked = false;
  readonly #root: string;
  readonly #stat = Buffer.alloc(MAX_STAT_BYTES);
  #record: ExecRecord | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  of(record: ExecRecord): void {
    this.#record = record;
    this.asked = false;
  }

  file(name: 'cmdline' | 'cgroup', bytes: Buffer, room: Room): number {
    const size = filePiece(bytes, room.position, { path: this.#path(name), limit: room.limit });
    return this.#verified(size);
  }

  link(name: 'exe' | 'cwd', bytes: Buffer, room: Room): number {
    const size = linkPiece(bytes, room.position, { path: this.#path(name), limit: room.limit });
    return this.#verified(size);
  }

  /** What `copy` writes of the process's folder, which is given with a closing slash. */
  look(copy: (directory: string) => number): number {
    return this.#verified(copy(this.#path('')));
  }

  #path(name: string): string {
    this.asked = true;
    return `${this.#root}/${this.#record?.tgid ?? 0}/${name}`;
  }

  /** Looked at after reading: if it is the image now, it was while it was read. */
  #verified(size: number): number {
    return size < 0 || this.#isStill() ? size : -ESRCH;
  }

  /** Same start, and the arguments at the same address, which changes with each exec and is shown to who may trace the process. */
  #isStill(): boolean {
    const record = this.#record;
    if (record === undefined) return false;
    const size = filePiece(this.#stat, 0, { path: this.#path('stat'), limit: MAX_STAT_BYTES });
    if (size < 0) return false;
    const line = this.#stat.toString('latin1', 0, size);
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    const address = Number(fields[ARG_START]);
    return (
      Number(fields[START_TIME]) === Math.floor(record.u64(Head.START_BOOT) / TICK_NS) &&
      (address === 0 || address === record.u64(Exec.ARGS_ADDRESS))
    );
  }
}
