import { EXEC_FIXED_BYTES, Exec, Head } from './layout.ts';

/** Where a record lies; what it says is read in place. Valid until its ring is looked at again. */
export interface RecordMemory {
  readonly words: Uint32Array;
  readonly bytes: Buffer;
}

const WORD = 2 ** 32;

/** A record in memory, moved from one to the next: nothing is made for each. */
export class RecordView implements RecordMemory {
  words: Uint32Array = new Uint32Array(0);
  bytes: Buffer = Buffer.alloc(0);
  /** Of its first byte. */
  at = 0;
  /** Its size. */
  length = 0;

  u16(offset: number): number {
    return ((this.words[(this.at + offset) >>> 2] as number) >>> ((offset & 2) << 3)) & 0xffff;
  }

  u32(offset: number): number {
    return this.words[(this.at + offset) >>> 2] as number;
  }

  /** Exact below 2^53. */
  u64(offset: number): number {
    const word = (this.at + offset) >>> 2;
    return (this.words[word + 1] as number) * WORD + (this.words[word] as number);
  }

  get type(): number {
    return (this.words[this.at >>> 2] as number) & 0xffff;
  }

  get flags(): number {
    return (this.words[this.at >>> 2] as number) >>> 16;
  }

  get tgid(): number {
    return this.u32(Head.TGID);
  }

  /** CLOCK_MONOTONIC at which it was made, nanoseconds. */
  get stampNs(): number {
    return this.u64(Head.STAMP);
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }
}

/** An EXEC with what the ring may hold of it apart. */
export class ExecRecord extends RecordView {
  /** The end of a long argv; of length 0 when there is none. */
  readonly tail = new RecordView();

  get filenameAt(): number {
    return this.at + EXEC_FIXED_BYTES;
  }

  get interpreterAt(): number {
    return this.filenameAt + this.u16(Exec.FILENAME_BYTES);
  }

  get exeAt(): number {
    return this.interpreterAt + this.u16(Exec.INTERPRETER_BYTES);
  }

  get cwdAt(): number {
    return this.exeAt + this.u16(Exec.EXE_BYTES);
  }

  get argsAt(): number {
    return this.cwdAt + this.u16(Exec.CWD_BYTES);
  }
}
