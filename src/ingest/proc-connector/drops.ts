import { readFileSync, readlinkSync } from 'node:fs';
import type { Libc } from '../native/libc.ts';

// asm-generic/socket.h; linux/sock_diag.h: nine u32, the drops are the last.
const SOL_SOCKET = 1;
const SO_MEMINFO = 55;
const MEMINFO_BYTES = 36;
const DROPS_AT = 32;
const WRAP = 2 ** 32;

/** The kernel's own count of what netlink sockets of ours dropped, one after the other. */
export class DropCounter {
  readonly #libc: Libc;
  readonly #memory = Buffer.alloc(MEMINFO_BYTES);
  #former = 0;
  #last = 0;
  #current = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Drops of all sockets so far, this one's read now. */
  read(fd: number): number {
    const drops = this.#dropsOf(fd);
    // The kernel's count has 32 bits.
    this.#current += (drops - this.#last + WRAP) % WRAP;
    this.#last = drops;
    return this.#former + this.#current;
  }

  /** The socket goes; the next one begins at zero. */
  next(): void {
    this.#former += this.#current;
    this.#current = 0;
    this.#last = 0;
  }

  /** Kernels before 4.12 show it in a file only: that of the network namespace in which this thread is. */
  #dropsOf(fd: number): number {
    if (this.#libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, this.#memory).value >= 0) return this.#memory.readUInt32LE(DROPS_AT);
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? '';
    return findDrops(readFileSync('/proc/thread-self/net/netlink', 'latin1'), inode) ?? this.#last;
  }
}

/** Columns: sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode. */
export function findDrops(table: string, inode: string): number | undefined {
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[9] === inode) return Number(columns[8]);
  }
  return undefined;
}
