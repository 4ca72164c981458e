/**
 * The native boundary for BPF, as capture sees it. Laws: those of `Libc`; besides, the memory of a ring and of `shared` is the kernel's, mapped here: `close`
 * detaches its buffers, and all arrays over them are empty from then on.
 * `test/helpers/fake-bpf.ts` is its twin.
 */
export interface BpfLibrary {
  readonly version: string;
  /** Opens an object from memory and loads its programs into the kernel; nothing runs before it is attached. */
  load(object: Uint8Array, settings: BpfSettings): BpfObject | BpfRefusal;
}

export interface BpfSettings {
  /** Entries of maps by name; of a ring: bytes. */
  readonly entries: Readonly<Record<string, number>>;
  /** Begin of .rodata. */
  readonly constants: Uint8Array;
  /** The programs to load; others stay out. */
  readonly programs: readonly string[];
}

/** `errno` is positive; 0 where libbpf gave none. */
export interface BpfRefusal {
  readonly refused: 'open' | 'load';
  readonly errno: number;
  /** The end of what the kernel's verifier had to say; empty when it was not asked. */
  readonly log: string;
}

export interface BpfObject {
  /** Undefined when it runs now; else the positive errno. Detached by `close`. */
  attach(program: string): number | undefined;
  /** Maps a ring of `bytes` bytes; undefined when the kernel does not give it. */
  ring(map: string, bytes: number): RingMemory | undefined;
  /** The .bss of the object: `bytes` of it, shared with its programs. */
  shared(bytes: number): Buffer | undefined;
  /** Detaches, unmaps, unloads; may be called twice. */
  close(): void;
}

/** A BPF ring: linux/bpf.h, kernel/bpf/ringbuf.c. Positions are u64 at the begin of a page; `data` is mapped once. */
export interface RingMemory {
  readonly consumer: Buffer;
  readonly producer: Buffer;
  readonly data: Buffer;
}
