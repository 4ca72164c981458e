import type { BpfLibrary, BpfObject, BpfRefusal, BpfSettings, RingMemory } from '../../src/ingest/native/bpf.ts';

const BUSY = 0x80000000;
const DISCARDED = 0x40000000;
const HEADER_BYTES = 8;

export interface Put {
  readonly state?: 'done' | 'busy' | 'discarded';
}

/** The writing end of a BPF ring, as the kernel does it: linux/kernel/bpf/ringbuf.c. */
export class FakeBpfRing implements RingMemory {
  readonly consumer = Buffer.alloc(4096);
  readonly producer = Buffer.alloc(4096);
  readonly data: Buffer;
  dropped = 0;

  /** `from`: where both positions begin. */
  constructor(bytes: number, from = 0) {
    this.data = Buffer.alloc(bytes, 0xee);
    this.consumer.writeBigUInt64LE(BigInt(from));
    this.producer.writeBigUInt64LE(BigInt(from));
  }

  get consumed(): number {
    return Number(this.consumer.readBigUInt64LE());
  }

  get produced(): number {
    return Number(this.producer.readBigUInt64LE());
  }

  /** Position of the record, or −1 when there was no room. */
  put(record: Uint8Array, { state = 'done' }: Put = {}): number {
    const position = this.produced;
    const end = position + HEADER_BYTES + ((record.length + 7) & ~7);
    if (end - this.consumed >= this.data.length) {
      this.dropped += 1;
      return -1;
    }
    for (const [i, byte] of record.entries()) this.data[(position + HEADER_BYTES + i) % this.data.length] = byte;
    this.#head(position, record.length + (state === 'busy' ? BUSY : state === 'discarded' ? DISCARDED : 0));
    this.producer.writeBigUInt64LE(BigInt(end));
    return position;
  }

  /** A busy one is ready now. */
  finish(position: number, length: number): void {
    this.#head(position, length);
  }

  #head(position: number, length: number): void {
    this.data.writeUInt32LE(length, position % this.data.length);
  }
}

type Answer = { readonly errno: number; readonly log?: string } | undefined;

/** Twin of the native boundary for BPF: takes every program unless told otherwise, and remembers what is loaded and runs. */
export class FakeBpf implements BpfLibrary {
  readonly version = '1.1';
  readonly loads: BpfSettings[] = [];
  /** Programs that run now. */
  readonly running = new Set<string>();
  open = 0;
  /** Refuses to load programs, by name. */
  readonly unloadable = new Map<string, { readonly errno: number; readonly log: string }>();
  /** Refuses to attach programs, by name. */
  readonly unattachable = new Map<string, number>();
  /** Maps that cannot be mapped. */
  readonly unmappable = new Set<string>();
  rings: Record<string, FakeBpfRing> = {};
  shared = Buffer.alloc(0);

  load(_object: Uint8Array, settings: BpfSettings): BpfObject | BpfRefusal {
    this.loads.push(settings);
    const answer: Answer = settings.programs.map((name) => this.unloadable.get(name)).find((refusal) => refusal !== undefined);
    if (answer !== undefined) return { refused: 'load', errno: answer.errno, log: answer.log ?? '' };
    this.open += 1;
    return this.#object(settings);
  }

  #object({ entries }: BpfSettings): BpfObject {
    let isOpen = true;
    const attached: string[] = [];
    return {
      attach: (program) => {
        const errno = this.unattachable.get(program);
        if (errno !== undefined) return errno;
        attached.push(program);
        this.running.add(program);
        return undefined;
      },
      ring: (map, bytes) => {
        if (this.unmappable.has(map) || entries[map] !== bytes) return undefined;
        return (this.rings[map] = new FakeBpfRing(bytes));
      },
      shared: (bytes) => (this.unmappable.has('.bss') ? undefined : (this.shared = Buffer.alloc(bytes))),
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        this.open -= 1;
        for (const program of attached) this.running.delete(program);
      },
    };
  }
}
