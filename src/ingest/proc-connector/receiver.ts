import { AgentError } from '../../core/errors.ts';
import type { Libc } from '../native/libc.ts';
import { Errno } from '../native/libc.ts';
import type { RingProducer } from '../ring/ring.ts';
import { Captures } from './captures.ts';
import type { IngestControl } from './control.ts';
import { StopRequest } from './control.ts';
import { FrameWriter, MAX_SLOTS } from './frame-writer.ts';
import { ACK, FOREIGN, SLOT_BYTES, setSlot } from './frame.ts';
import type { LossRecord } from './frame.ts';
import { LossLedger } from './loss-ledger.ts';
import { MessageVector } from './message-vector.ts';
import { nowNs } from '../now.ts';
import { Pace } from './pace.ts';
import { SequenceTracker } from './sequence.ts';
import { liveClocks } from './clock-sample.ts';
import type { ClockOffsets } from './wall-clock.ts';
import { WallClock } from './wall-clock.ts';
import { What, ackOf, childOf, cpuOf, firstOf, isProcessEvent, isProcessFork, secondOf, seqOf, stampNsOf, whatOf } from './wire.ts';

const MSG_DONTWAIT = 0x40;
const RING_FULL_WAIT_MS = 50;
/** Records of lost messages are found for so long after a loss was noticed. */
const RECOVERY_NS = 3e9;
/** Execs that are recovered between two receives at most. */
const RECOVERIES = 64;

export interface ReceiverParts {
  readonly libc: Libc;
  readonly control: IngestControl;
  readonly ring: RingProducer;
  /** An answer to a control message, ours or another program's. */
  readonly onAck: (ack: number, errno: number) => void;
}

export interface ReceiverConfig {
  readonly maxArgsBytes: number;
  /** Names of the variables that are captured. */
  readonly env: readonly string[];
  /** The kernel leaves kinds out: its sequence says nothing about losses. */
  readonly filtered: boolean;
  /** 64-bit sequences where an earlier run on this boot ended, by CPU. */
  readonly kernelSeqs: Readonly<Record<string, number>>;
}

/** From the socket into the ring: each message checked, followed in its CPU's sequence, and captured where it is about to vanish. */
export class Receiver {
  readonly frame: FrameWriter;
  readonly captures: Captures;
  readonly clock: WallClock;
  readonly pace = new Pace();
  readonly ledger: LossLedger;
  /** The last receive was cut short by its own limits: the next one needs no waiting. */
  mayHoldMore = false;
  /** The kernel has said that it dropped something, and nobody has asked yet how much. */
  overrun = false;
  /** CLOCK_MONOTONIC when messages came last, and when there was nothing to hear last. */
  heardNs = 0;
  drainedNs = 0;
  /** Stamp of the last message. */
  stampNs = 0;
  /** Messages that were no acknowledgement: the kernel does deliver. */
  events = 0;
  /** CLOCK_MONOTONIC when the drops were counted last: in a storm events of other CPUs go on coming long after a loss. */
  #countedNs = nowNs();
  /** CLOCK_MONOTONIC of the subscription at hand: messages of before were not to come. */
  subscribedNs = 0;
  /** CLOCK_MONOTONIC when a loss was noticed last. */
  #lossNs = Number.NEGATIVE_INFINITY;
  readonly #libc: Libc;
  readonly #control: IngestControl;
  readonly #ring: RingProducer;
  readonly #onAck: ReceiverParts['onAck'];
  readonly #messages: MessageVector;
  readonly #sequence: SequenceTracker;
  #execs = 0;
  /** A gap that begins earlier is of the time without a subscription. */
  #blindUntilNs = 0;
  /** Of the first message of the frame at hand, and of the last one. */
  #frameOffsets: ClockOffsets | undefined;
  #offsets: ClockOffsets | undefined;
  readonly #stamps = new Float64Array(MAX_SLOTS);

  constructor({ libc, control, ring, onAck }: ReceiverParts, config: ReceiverConfig) {
    this.#libc = libc;
    this.#control = control;
    this.#ring = ring;
    this.#onAck = onAck;
    this.frame = new FrameWriter(ring, config.maxArgsBytes);
    this.captures = new Captures(ring, this.frame, config);
    this.clock = new WallClock(liveClocks(libc));
    this.ledger = new LossLedger(config);
    this.#sequence = new SequenceTracker(config.kernelSeqs);
    this.#messages = new MessageVector(libc, ring.bytes, { count: MAX_SLOTS, stride: SLOT_BYTES });
  }

  /** One receive; false when there was nothing to hear (or no room: then the kernel's buffer holds it). Throws NETLINK_SOCKET when the socket fails. */
  receive(fd: number): boolean {
    const { tail } = this.#ring;
    if (!this.frame.begin()) {
      this.#waitForRoom(tail);
      return true;
    }
    this.#messages.pointAt(this.frame.slotAt(0));
    const { value, errno } = this.#libc.recvmmsg(fd, this.#messages.headers, MAX_SLOTS, MSG_DONTWAIT);
    this.mayHoldMore = value === MAX_SLOTS || errno === Errno.ENOBUFS;
    if (value <= 0) return this.#nothing(errno);
    this.#take(value);
    return true;
  }

  /** ENOBUFS is said once, before what is still queued; the sequence tells what it cost. */
  #nothing(errno: number): boolean {
    if (errno === Errno.EAGAIN || errno === Errno.EINTR || errno === 0) {
      this.drainedNs = nowNs();
      if (this.clock.settling) this.clock.settle(this.#stamps, 0, true);
      // The next event, before which the latest moves are to be put, may be long in coming.
      this.captures.settleMoves(this.drainedNs);
      this.frame.commit(0, this.clock.offsetsAt(this.drainedNs), this.drainedNs);
      return false;
    }
    if (errno !== Errno.ENOBUFS)
      throw new AgentError('NETLINK_SOCKET', `receiving process events failed: errno ${errno}`, { context: { errno } });
    this.#control.count('OVERRUNS');
    this.#lossNs = nowNs();
    this.overrun = true;
    return true;
  }

  /**
   * Nobody will ask any more for what was recorded of the time before: each CPU's events come in their order. Execs among it are told where messages were lost.
   * `atEnd`: nothing comes any more.
   */
  settle(atEnd = false): void {
    if (!this.captures.raceFree) return;
    const heardNs = Math.max(this.drainedNs, this.stampNs);
    const untilNs = atEnd ? heardNs : this.captures.settledNs(heardNs);
    if (heardNs - this.#lossNs > RECOVERY_NS) return this.captures.forget(untilNs);
    const most = atEnd ? Infinity : RECOVERIES;
    for (let n = 0; n < most && this.frame.begin(); n += 1) {
      this.frame.received(0);
      const stampNs = this.captures.recover(this.subscribedNs, untilNs);
      if (stampNs === 0) return;
      // Those of now: the reader keeps those of then, if they were others.
      this.frame.commit(0, this.clock.offsetsAt(nowNs()), stampNs);
    }
  }

  /** Declares what `drops` shows beyond the gaps: a loss at the end of a CPU's stream leaves none. True when that was something. */
  reconcile(drops: number): boolean {
    this.overrun = false;
    const atNs = nowNs();
    const loss = this.ledger.reconcile(drops, { fromNs: this.#countedNs, toNs: atNs });
    this.#countedNs = atNs;
    if (loss !== undefined) {
      this.#lossNs = atNs;
      this.declare(loss);
    }
    return loss !== undefined;
  }

  /** Puts a loss into the stream by itself; waits for room in the ring. */
  declare(loss: LossRecord): void {
    if (loss.reason === 'blind') this.#blindUntilNs = loss.toNs;
    if (!this.#beginPatiently()) return;
    this.frame.received(0);
    this.frame.loss(0, loss);
    this.frame.commit(0, this.clock.offsetsAt(loss.toNs), loss.toNs);
  }

  /** Waits for room in the ring; false when the process ends now and nobody will read it any more. */
  #beginPatiently(): boolean {
    for (let tail = this.#ring.tail; !this.frame.begin(); tail = this.#ring.tail) {
      if (this.#control.stopRequest === StopRequest.now) return false;
      this.#waitForRoom(tail);
    }
    return true;
  }

  /** The clocks are looked at meanwhile: where a suspend was shows by when this thread was there last. */
  #waitForRoom(tail: number): void {
    this.#ring.waitForRoom(tail, RING_FULL_WAIT_MS);
    this.clock.look(nowNs());
  }

  #take(received: number): void {
    const atNs = nowNs();
    this.clock.look(atNs);
    if (this.clock.settling) this.#settleClock(received);
    this.heardNs = atNs;
    this.frame.received(received);
    this.captures.poll(atNs);
    this.#frameOffsets = undefined;
    this.#execs = 0;
    let first = 0;
    for (let i = 0, moved = false; i < received; i += moved ? 0 : 1) {
      if (!this.frame.hasRoom) {
        this.#commit(i - first, atNs);
        if (!this.#continue(i - first)) return;
        first = i;
      }
      moved = this.#isAfterMove(i, i - first);
      if (moved) this.captures.move(i - first);
      else this.#takeOne(i, i - first, received - first);
    }
    this.#commit(received - first, atNs);
    this.pace.note(received, this.#execs, atNs);
  }

  #isAfterMove(i: number, slot: number): boolean {
    const at = this.frame.slotAt(slot);
    return this.captures.moveNs <= stampNsOf(this.#ring.words, at) && this.#isEvent(i, at);
  }

  #commit(slots: number, atNs: number): void {
    this.frame.commit(slots, this.#frameOffsets ?? this.clock.offsetsAt(atNs), atNs);
    this.#frameOffsets = undefined;
  }

  /** After a suspend: the stamps around it tell where it was. */
  #settleClock(received: number): void {
    const { words } = this.#ring;
    let stamps = 0;
    for (let i = 0; i < received; i += 1) {
      const at = this.frame.slotAt(i);
      if (this.#isEvent(i, at)) this.#stamps[stamps++] = stampNsOf(words, at);
    }
    this.clock.settle(this.#stamps, stamps, received < MAX_SLOTS);
  }

  #isEvent(i: number, at: number): boolean {
    return this.#messages.sender(i) === 0 && isProcessEvent(this.#ring.words, at, this.#messages.length(i));
  }

  /** Moves what is left of a full frame into the next one. */
  #continue(done: number): boolean {
    const rest = this.frame.takeRest(done);
    if (!this.#beginPatiently()) return false;
    this.frame.putRest(rest);
    return true;
  }

  /** Message `i` of the receive, which is `slot` of the frame's `slots`. */
  #takeOne(i: number, slot: number, slots: number): void {
    const { words } = this.#ring;
    const at = this.frame.slotAt(slot);
    if (!this.#isEvent(i, at)) {
      this.#control.count(this.#messages.sender(i) === 0 ? 'MALFORMED' : 'FOREIGN');
      setSlot(this.#ring, at, 0, FOREIGN);
      return;
    }
    const stampNs = stampNsOf(words, at);
    const what = whatOf(words, at);
    this.#turnClock(slot, stampNs);
    this.#follow(cpuOf(words, at), seqOf(words, at), { slot, stampNs });
    setSlot(this.#ring, at, this.#sequence.seq, what === What.NONE ? ACK : 0);
    if (what === What.NONE) return this.#onAck(ackOf(words, at), firstOf(words, at));
    this.events += 1;
    if (what === What.EXEC) this.#captureExec({ slot, slots, at, stampNs });
    else if (what === What.FORK && isProcessFork(words, at)) this.captures.fork({ slot, tgid: childOf(words, at), stampNs });
    else if (what === What.EXIT) this.captures.exit({ slot, tgid: secondOf(words, at), stampNs });
  }

  #turnClock(slot: number, stampNs: number): void {
    const offsets = this.clock.offsetsAt(stampNs);
    if (this.#frameOffsets === undefined) this.#frameOffsets = offsets;
    else if (offsets !== this.#offsets) this.frame.clock(slot, offsets);
    this.#offsets = offsets;
  }

  #follow(cpu: number, seq32: number, { slot, stampNs }: { slot: number; stampNs: number }): void {
    const { disordered } = this.#sequence;
    const gap = this.#sequence.see(cpu, seq32, stampNs);
    const loss = gap === undefined ? undefined : this.ledger.gap(gap, gap.fromNs < this.#blindUntilNs ? 'outage' : 'receive_buffer');
    if (loss !== undefined) {
      this.frame.loss(slot, loss);
      this.#lossNs = stampNs;
    }
    if (this.#sequence.disordered !== disordered) this.#control.count('DISORDERED');
    this.stampNs = stampNs;
  }

  #captureExec({ slot, slots, at, stampNs }: { slot: number; slots: number; at: number; stampNs: number }): void {
    this.#execs += 1;
    const pid = secondOf(this.#ring.words, at);
    if (this.captures.exec({ slot, tgid: pid, stampNs }) || this.#control.stopRequest === StopRequest.hurry) return;
    this.frame.exec(this.captures.procfs, { slot, pid, stampNs, exited: this.#isOver(pid, slot + 1, slots) });
  }

  /** Whether what `pid` executed is over by the slots from `from` on: it exits there, or executes something else, which is what /proc would tell of. */
  #isOver(pid: number, from: number, slots: number): boolean {
    const { words } = this.#ring;
    for (let slot = from; slot < slots; slot += 1) {
      const at = this.frame.slotAt(slot);
      if (whatOf(words, at) === What.EXIT && firstOf(words, at) === pid) return true;
      if (whatOf(words, at) === What.EXEC && secondOf(words, at) === pid) return true;
    }
    return false;
  }
}
