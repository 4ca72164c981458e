import { setTimeout as pause } from 'node:timers/promises';
import type { Capture } from '../../src/core/kernel-event.ts';
import type { ExecCache } from '../../src/ingest/capture/bpf/exec-cache.ts';
import { Exit, ExitFlag, Head } from '../../src/ingest/capture/bpf/layout.ts';
import { KernelCapture } from '../../src/ingest/capture/kernel-capture.ts';
import { kernelUnits } from '../../src/ingest/capture/kernel-units.ts';
import { maxRecordBytes, readCapture } from '../../src/ingest/capture/record.ts';
import { writeUsage } from '../../src/ingest/capture/usage.ts';
import type { Libc } from '../../src/ingest/native/libc.ts';
import { CONTROL_BYTES, IngestControl } from '../../src/ingest/proc-connector/control.ts';
import { MessageVector } from '../../src/ingest/proc-connector/message-vector.ts';
import { openConnectorSocket } from '../../src/ingest/proc-connector/socket.ts';
import { Subscription, sendIgnore } from '../../src/ingest/proc-connector/subscription.ts';
import { What, ackOf, firstOf, isProcessEvent, secondOf, stampNsOf, whatOf } from '../../src/ingest/proc-connector/wire.ts';
import { waitFor } from './wait-for.ts';

const COUNT = 256;
const STRIDE = 80;
const MSG_DONTWAIT = 0x40;
const RECEIVE_BUFFER = 64 << 20;
const NAP_MS = 3;
const MAX_ARGS_BYTES = 32 << 10;

/** An EXEC and what its record says; `kernel` is undefined where it had none. */
export interface HeardExec {
  readonly tgid: number;
  readonly stampNs: number;
  readonly args: readonly string[];
  readonly argsRaw: Buffer;
  readonly argsBytes: number;
  readonly exe: string;
  readonly cwd: string;
  readonly cgroup: string;
  readonly filename: string;
  readonly kernel: Capture['kernel'];
}

export interface HeardFork {
  readonly tgid: number;
  readonly startBootNs: number;
  readonly parent: number;
  /** undefined: that of its parent. */
  readonly cgroup: string | undefined;
}

export interface HeardExit {
  readonly tgid: number;
  readonly startBootNs: number;
  readonly parent: number;
  readonly hasSlice: boolean;
  readonly totalUs: number;
  readonly resolutionUs: number;
  readonly maxRssKib: number;
  readonly switches: number;
}

/** Events of the live kernel with their records, as the ingest thread would match them: in batches, after naps. In this thread. */
export class RecordListener {
  readonly execs: HeardExec[] = [];
  readonly forks: HeardFork[] = [];
  readonly exits: HeardExit[] = [];
  /** Execs without a record. */
  bareExecs = 0;
  readonly #libc: Libc;
  readonly #cache: ExecCache;
  readonly #fd: number;
  readonly #control = new IngestControl(new SharedArrayBuffer(CONTROL_BYTES));
  readonly #subscription: Subscription;
  readonly #bytes = Buffer.alloc(COUNT * STRIDE);
  readonly #words = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length / 4);
  readonly #messages: MessageVector;
  readonly #target: { bytes: Buffer; words: Uint32Array; floats: Float64Array };
  readonly #capture: KernelCapture;
  readonly #units = kernelUnits();
  /** Forks whose record may be a moment late. */
  readonly #late: { readonly tgid: number; readonly stampNs: number }[] = [];

  constructor(libc: Libc, cache: ExecCache) {
    this.#libc = libc;
    this.#cache = cache;
    this.#fd = openConnectorSocket(libc, RECEIVE_BUFFER).fd;
    this.#subscription = new Subscription(libc, this.#control, this.#fd);
    this.#messages = new MessageVector(libc, this.#bytes, { count: COUNT, stride: STRIDE });
    this.#messages.pointAt(0);
    const memory = new ArrayBuffer(maxRecordBytes(MAX_ARGS_BYTES));
    this.#target = { bytes: Buffer.from(memory), words: new Uint32Array(memory), floats: new Float64Array(memory) };
    this.#capture = new KernelCapture(this.#target, { maxArgsBytes: MAX_ARGS_BYTES });
  }

  async subscribe(): Promise<void> {
    while (!this.#subscription.confirmed) {
      this.#subscription.advance(Number(process.hrtime.bigint()));
      await pause(1);
      this.listen();
    }
  }

  /** Listens while the work goes on, and to the end of its events. */
  async during<T>(work: Promise<T>): Promise<T> {
    const progress = { done: false };
    const ended = work.finally(() => (progress.done = true));
    while (!progress.done) {
      this.listen();
      await pause(NAP_MS);
    }
    await pause(NAP_MS);
    this.listen();
    return ended;
  }

  /** Resolves with the EXEC of which this is true, heard since the start. */
  async exec(is: (exec: HeardExec) => boolean, what: string): Promise<HeardExec> {
    return waitFor(() => (this.listen(), this.execs.find(is)), { what: `the exec of ${what}` });
  }

  async exit(tgid: number): Promise<HeardExit> {
    return waitFor(() => (this.listen(), this.exits.find((exit) => exit.tgid === tgid)), { what: `the end of ${tgid}` });
  }

  /** Takes what is queued. */
  listen(): void {
    for (;;) {
      const { value } = this.#libc.recvmmsg(this.#fd, this.#messages.headers, COUNT, MSG_DONTWAIT);
      if (value <= 0) break;
      this.#cache.poll();
      for (let i = 0; i < value; i += 1) this.#take(i);
    }
    this.#cache.poll();
    for (const { tgid, stampNs } of this.#late.splice(0)) this.#onFork(tgid, stampNs);
  }

  /** Forks of which the record is not there: their callers were interrupted between the event and the record. */
  get bareForks(): number {
    return this.#late.length;
  }

  close(): void {
    try {
      sendIgnore(this.#libc, this.#control);
    } finally {
      this.#libc.close(this.#fd);
    }
  }

  #take(i: number): void {
    const at = i * STRIDE;
    const words = this.#words;
    if (!isProcessEvent(words, at, this.#messages.length(i))) return;
    const what = whatOf(words, at);
    const stampNs = stampNsOf(words, at);
    const tgid = secondOf(words, at);
    if (what === What.NONE) this.#subscription.acknowledged(ackOf(words, at), firstOf(words, at));
    else if (what === What.EXEC) this.#onExec(tgid, stampNs);
    else if (what === What.EXIT) this.#onExit(tgid, stampNs);
    else if (what === What.FORK && words[(at + 60) / 4] === words[(at + 64) / 4]) this.#onFork(words[(at + 64) / 4] as number, stampNs);
  }

  #onExec(tgid: number, stampNs: number): void {
    const record = this.#cache.takeExec(tgid, stampNs);
    if (record === undefined) {
      this.bareExecs += 1;
      return;
    }
    this.#capture.write(0, record, { stampNs, cgroup: this.#cache.cgroupOf(record) });
    const { cmdline, cmdlineBytes, exe, cwd, cgroup, kernel } = readCapture(this.#target.bytes, this.#target.words, 0);
    const argsRaw = Buffer.from(typeof cmdline === 'number' ? '' : cmdline);
    this.execs.push({
      tgid,
      stampNs,
      argsRaw,
      args: argsRaw.toString('utf8').split('\0').slice(0, -1),
      argsBytes: cmdlineBytes,
      exe: textOf(exe),
      cwd: textOf(cwd),
      cgroup: textOf(cgroup),
      filename: textOf(kernel?.filename ?? 0),
      kernel: kernel === undefined ? undefined : { ...kernel, comm: Buffer.from(kernel.comm), filename: Buffer.from(kernel.filename) },
    });
  }

  #onFork(tgid: number, stampNs: number): void {
    const record = this.#cache.takeFork(tgid, stampNs);
    if (record === undefined) {
      this.#late.push({ tgid, stampNs });
      return;
    }
    const cgroup = this.#cache.cgroupOf(record)?.toString('latin1');
    this.forks.push({ tgid, startBootNs: record.u64(Head.START_BOOT), parent: record.u32(Head.PARENT), cgroup });
  }

  #onExit(tgid: number, stampNs: number): void {
    const record = this.#cache.takeExit(tgid, stampNs);
    if (record === undefined) return;
    writeUsage(this.#target.floats, 0, { exit: record, units: this.#units });
    const [userUs, systemUs, resolutionUs, maxRssKib, , , voluntary, involuntary] = this.#target.floats as unknown as number[];
    this.exits.push({
      tgid,
      startBootNs: record.u64(Head.START_BOOT),
      parent: record.u32(Head.PARENT),
      hasSlice: !record.has(ExitFlag.SLICE_MISSING) && record.u64(Exit.TOTAL) > 0,
      totalUs: userUs! + systemUs!,
      resolutionUs: resolutionUs!,
      maxRssKib: maxRssKib!,
      switches: voluntary! + involuntary!,
    });
  }
}

function textOf(piece: Uint8Array | number): string {
  return typeof piece === 'number' ? `errno ${piece}` : Buffer.from(piece).toString('latin1');
}
