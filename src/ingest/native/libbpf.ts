import { DataType, createExternalBuffer, define, open } from 'ffi-rs';
import type { JsExternal } from 'ffi-rs';
import type { BpfLibrary, BpfObject, BpfRefusal, BpfSettings, RingMemory } from './bpf.ts';
import { pageBytes } from './page-size.ts';
import { resolveAll } from './resolve.ts';

/*
 * libbpf through ffi-rs (see ffi.ts): of version 1, or of 0.8 and newer in the mode in which it behaves like 1: null for errors, the errno beside it.
 * An address can be made a Buffer over the same memory, so that reading a ring takes no call at all. Such a Buffer is detached before its memory goes: what is left
 * of it in JavaScript is empty then, and reading it an error at worst, not the end of the process.
 */
const { I32, U32, U64, U8Array, External } = DataType;
const LIBRARIES = ['libbpf.so.1', 'libbpf.so.0'] as const;
const LEAST_MINOR_OF_0 = 8;
/** LIBBPF_STRICT_ALL, bpf/libbpf_legacy.h. */
const STRICT_ALL = 0xffffffff;
/** struct bpf_object_open_opts: size at 0, name at 8, kernel_log_buf at 56, kernel_log_size at 64; the rest is zero. */
const OPEN_OPTIONS_BYTES = 80;
const OBJECT_NAME = Buffer.from('forkcast\0');
/** More than any verifier says, or it would report that instead of what is wrong; memory that is not written to costs nothing. */
const LOG_BYTES = 16 << 20;
/** Of a verifier's log the end says what is wrong. */
const LOG_TAIL_LINES = 6;

// sys/mman.h
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;

type Call = (parameters: unknown[]) => number;
interface Checked {
  readonly value: number;
  readonly errnoCode: number;
}
type CheckedCall = (parameters: unknown[]) => Checked;

function symbol(library: string, retType: DataType, paramsType: DataType[]) {
  return { library, retType, paramsType };
}

function checked(library: string, retType: DataType, paramsType: DataType[]) {
  return { library, retType, paramsType, errno: true as const };
}

function defineCalls() {
  const calls = define({
    libbpf_major_version: symbol('bpf', U32, []),
    libbpf_minor_version: symbol('bpf', U32, []),
    libbpf_set_strict_mode: symbol('bpf', I32, [U32]),
    libbpf_set_print: symbol('bpf', U64, [U64]),
    bpf_object__open_mem: checked('bpf', U64, [U8Array, U64, U8Array]),
    bpf_object__load: symbol('bpf', I32, [U64]),
    bpf_object__close: symbol('bpf', DataType.Void, [U64]),
    bpf_object__find_map_by_name: symbol('bpf', U64, [U64, U8Array]),
    bpf_object__find_program_by_name: symbol('bpf', U64, [U64, U8Array]),
    bpf_object__next_program: symbol('bpf', U64, [U64, U64]),
    bpf_map__set_max_entries: symbol('bpf', I32, [U64, U32]),
    bpf_map__initial_value: symbol('bpf', U64, [U64, U8Array]),
    bpf_map__fd: symbol('bpf', I32, [U64]),
    bpf_program__set_autoload: symbol('bpf', I32, [U64, I32]),
    bpf_program__attach: checked('bpf', U64, [U64]),
    bpf_link__destroy: symbol('bpf', I32, [U64]),
    mmap: symbol('c', U64, [U64, U64, I32, I32, I32, U64]),
    munmap: symbol('c', I32, [U64, U64]),
    malloc_trim: symbol('c', I32, [U64]),
    memmove: symbol('c', U64, [U8Array, U8Array, U64]),
    // Its first argument, plus nothing: a number that is an address becomes one that ffi-rs takes for an address.
    mempcpy: symbol('c', External, [U64, U64, U64]),
  });
  return calls as unknown as Record<Exclude<keyof typeof calls, 'mempcpy' | 'bpf_object__open_mem' | 'bpf_program__attach'>, Call> & {
    mempcpy: (parameters: unknown[]) => JsExternal;
    bpf_object__open_mem: CheckedCall;
    bpf_program__attach: CheckedCall;
  };
}

type Calls = ReturnType<typeof defineCalls>;

/** Before another thread opens libbpf, see resolve.ts. Where there is none, that thread says so. */
export function resolveLibbpf(): void {
  if (openAny() === undefined) resolveAll(defineCalls());
}

/** For the calling thread, which has opened libc; or why there is none, as a sentence without its full stop. */
export function openLibbpf(): BpfLibrary | { readonly missing: string } {
  const missing = openAny();
  if (missing !== undefined) return { missing };
  const calls = defineCalls();
  const major = version(calls.libbpf_major_version);
  const minor = version(calls.libbpf_minor_version);
  const text = `${major}.${minor}`;
  // −1 for both: of those before 0.6, which lack functions that are called below, too.
  if (major < 1 && minor < LEAST_MINOR_OF_0) return { missing: `libbpf is ${minor < 0 ? 'older than 0.6' : text}, at least 0.8 is needed` };
  if (major === 0) calls.libbpf_set_strict_mode([STRICT_ALL]);
  // It would write to stderr.
  calls.libbpf_set_print([0]);
  return { version: text, load: (object, settings) => load(calls, object, settings) };
}

function openAny(): string | undefined {
  open({ library: 'c', path: '' });
  const reasons: string[] = [];
  for (const path of LIBRARIES) {
    try {
      open({ library: 'bpf', path });
      return undefined;
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  return `libbpf is not installed (${reasons[0] ?? ''})`;
}

/** −1 from a library that cannot tell: before 0.6. */
function version(call: Call): number {
  try {
    return call([]);
  } catch (error) {
    if (error instanceof Error) return -1;
    throw error;
  }
}

function addressOf(calls: Calls, buffer: Buffer): number {
  return calls.memmove([buffer, buffer, 0]);
}

function load(calls: Calls, object: Uint8Array, settings: BpfSettings): BpfObject | BpfRefusal {
  const log = Buffer.alloc(LOG_BYTES);
  const options = Buffer.alloc(OPEN_OPTIONS_BYTES);
  for (const [at, value] of [
    [0, OPEN_OPTIONS_BYTES],
    [8, addressOf(calls, OBJECT_NAME)],
    [56, addressOf(calls, log)],
    [64, LOG_BYTES],
  ] as const)
    options.writeBigUInt64LE(BigInt(value), at);
  const { value: address, errnoCode } = calls.bpf_object__open_mem([Buffer.from(object), object.length, options]);
  if (address === 0) return { refused: 'open', errno: errnoCode, log: '' };
  const loaded = new Loaded(calls, address);
  loaded.set(settings);
  const refusal = calls.bpf_object__load([address]);
  giveBackMemory(calls);
  // Read after the call: until then C holds its address.
  const said = endOf(log);
  if (refusal === 0) return loaded;
  loaded.close();
  return { refused: 'load', errno: -refusal, log: said };
}

/** Types of the whole kernel were gone through, which takes megabytes; glibc keeps them unless it is asked. musl does not, and has no such call. */
function giveBackMemory(calls: Calls): void {
  try {
    calls.malloc_trim([0]);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

function endOf(log: Buffer): string {
  const lines = log.toString('latin1', 0, log.indexOf(0)).trimEnd().split('\n');
  return lines.slice(-LOG_TAIL_LINES).join('\n');
}

interface Mapping {
  readonly address: number;
  readonly bytes: number;
}

class Loaded implements BpfObject {
  readonly #calls: Calls;
  #address: number;
  readonly #links: number[] = [];
  readonly #mappings: Mapping[] = [];
  readonly #views: Buffer[] = [];

  constructor(calls: Calls, address: number) {
    this.#calls = calls;
    this.#address = address;
  }

  set({ entries, constants, programs }: BpfSettings): void {
    for (const [name, count] of Object.entries(entries)) this.#calls.bpf_map__set_max_entries([this.#map(name), count]);
    this.#constants(constants.length)?.set(constants);
    const wanted = new Set(programs.map((name) => this.#program(name)));
    for (let at = this.#next(0); at !== 0; at = this.#next(at)) {
      if (!wanted.has(at)) this.#calls.bpf_program__set_autoload([at, 0]);
    }
  }

  attach(program: string): number | undefined {
    const { value, errnoCode } = this.#calls.bpf_program__attach([this.#program(program)]);
    if (value === 0) return errnoCode;
    this.#links.push(value);
    return undefined;
  }

  ring(map: string, bytes: number): RingMemory | undefined {
    const fd = this.#calls.bpf_map__fd([this.#map(map)]);
    const page = pageBytes();
    const consumer = this.#mapped({ fd, bytes: page, protection: PROT_READ | PROT_WRITE, offset: 0 });
    // The kernel offers the data twice in a row; once is half the memory that counts as ours.
    const rest = this.#mapped({ fd, bytes: page + bytes, protection: PROT_READ, offset: page });
    if (consumer === undefined || rest === undefined) return undefined;
    return { consumer, producer: rest.subarray(0, page), data: rest.subarray(page) };
  }

  shared(bytes: number): Buffer | undefined {
    const fd = this.#calls.bpf_map__fd([this.#map('.bss')]);
    return this.#mapped({ fd, bytes: pageBytes(), protection: PROT_READ | PROT_WRITE, offset: 0 })?.subarray(0, bytes);
  }

  close(): void {
    for (const link of this.#links.splice(0)) this.#calls.bpf_link__destroy([link]);
    // Of length 0 from here on, with all arrays over them; it cannot be undone, so nothing that comes to this memory later can be reached through them.
    for (const view of this.#views.splice(0)) (view.buffer as ArrayBuffer).transfer(0);
    for (const { address, bytes } of this.#mappings.splice(0)) this.#calls.munmap([address, bytes]);
    if (this.#address !== 0) this.#calls.bpf_object__close([this.#address]);
    this.#address = 0;
  }

  #program(name: string): number {
    return this.#calls.bpf_object__find_program_by_name([this.#address, Buffer.from(`${name}\0`)]);
  }

  #next(program: number): number {
    return this.#calls.bpf_object__next_program([this.#address, program]);
  }

  #map(name: string): number {
    return this.#calls.bpf_object__find_map_by_name([this.#address, Buffer.from(`${name}\0`)]);
  }

  /** What .rodata begins with, as it will be loaded. */
  #constants(bytes: number): Buffer | undefined {
    const size = Buffer.alloc(8);
    const address = this.#calls.bpf_map__initial_value([this.#map('.rodata'), size]);
    return address === 0 || Number(size.readBigUInt64LE()) < bytes ? undefined : this.#view(address, bytes);
  }

  #mapped({ fd, bytes, protection, offset }: { fd: number; bytes: number; protection: number; offset: number }): Buffer | undefined {
    const address = this.#calls.mmap([0, bytes, protection, MAP_SHARED, fd, offset]);
    if (address <= 0) return undefined;
    this.#mappings.push({ address, bytes });
    return this.#view(address, bytes);
  }

  #view(address: number, bytes: number): Buffer {
    const view = createExternalBuffer(this.#calls.mempcpy([address, address, 0]), bytes);
    this.#views.push(view);
    return view;
  }
}
