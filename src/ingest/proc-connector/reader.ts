import { AgentError } from '../../core/errors.ts';
import { ProcfsScan } from '../capture/procfs-scan.ts';
import { ProcfsCapture } from '../capture/procfs.ts';
import type { Libc } from '../native/libc.ts';
import { Errno } from '../native/libc.ts';
import type { RingProducer } from '../ring/ring.ts';
import type { IngestControl } from './control.ts';
import { Phase, StopRequest } from './control.ts';
import { Bell } from './bell.ts';
import { socketDrops } from './drops.ts';
import { FrameWriter, MAX_SLOTS } from './frame-writer.ts';
import { ACK, FOREIGN, SLOT_BYTES, setSlot } from './frame.ts';
import { MessageVector } from './message-vector.ts';
import { Pace } from './pace.ts';
import { SequenceTracker } from './sequence.ts';
import type { ConnectorSocket } from './socket.ts';
import { leaveGroup, openConnectorSocket } from './socket.ts';
import { Subscription, sendIgnore } from './subscription.ts';
import { OffsetSampler } from './wall-clock.ts';
import { What, ackOf, cpuOf, firstOf, isProcessEvent, secondOf, seqOf, stampNsOf, whatOf } from './wire.ts';

const MSG_DONTWAIT = 0x40;
const RING_FULL_WAIT_MS = 50;
/** Until the kernel has answered, its time-out is looked at this often. */
const START_WAIT_MS = 100;
const FOREVER = -1;
/** Snapshot work between two looks at the socket. */
const SCAN_SLICE = 32;

export interface ReaderConfig {
  readonly receiveBufferBytes: number;
  readonly maxArgsBytes: number;
}

export interface ReaderParts {
  readonly libc: Libc;
  readonly control: IngestControl;
  readonly ring: RingProducer;
  /** The kernel's own count of what a socket dropped. */
  readonly drops?: (fd: number) => number | undefined;
}

/** What the reader tells its owner, in this order, each at most once. */
export interface ReaderReports {
  /** The first event can no longer be missed. */
  subscribed(socket: ConnectorSocket): void;
  /** What was running before is in the ring. */
  scanned(): void;
}

/**
 * The loop of the ingest thread: receive straight into the ring, check the sender, follow the per-CPU sequence, capture what is about to vanish.
 * `run` returns after a stop was asked for and the subscription is undone; it throws when the kernel refuses.
 */
export class ConnectorReader {
  readonly #libc: Libc;
  readonly #control: IngestControl;
  readonly #ring: RingProducer;
  readonly #config: ReaderConfig;
  readonly #frame: FrameWriter;
  readonly #capture: ProcfsCapture;
  readonly #messages: MessageVector;
  readonly #sequence = new SequenceTracker();
  readonly #clock: OffsetSampler;
  readonly #pace = new Pace();
  #execs = 0;
  readonly #drops: (fd: number) => number | undefined;
  #subscription: Subscription | undefined;
  #scan: ProcfsScan | undefined;
  #lastNs = 0;
  /** The last receive was cut short by its own limits: the next one needs no waiting. */
  #mayHoldMore = false;

  constructor(parts: ReaderParts, config: ReaderConfig) {
    this.#drops = parts.drops ?? socketDrops;
    this.#libc = parts.libc;
    this.#control = parts.control;
    this.#ring = parts.ring;
    this.#config = config;
    this.#frame = new FrameWriter(parts.ring, config.maxArgsBytes);
    this.#capture = new ProcfsCapture(parts.ring, config.maxArgsBytes);
    this.#messages = new MessageVector(parts.libc, parts.ring.bytes, { count: MAX_SLOTS, stride: SLOT_BYTES });
    this.#clock = new OffsetSampler(parts.libc);
  }

  run(reports: ReaderReports): void {
    const socket = openConnectorSocket(this.#libc, this.#config.receiveBufferBytes);
    try {
      this.#subscription = new Subscription(this.#libc, this.#control, socket.fd);
      const bell = new Bell(this.#libc, socket.fd);
      this.#control.bellFd = bell.fd;
      this.#listen({ socket, bell, subscription: this.#subscription }, reports);
      if (this.#control.stopRequest !== StopRequest.now) this.#drain(socket.fd);
    } finally {
      this.#scan?.close();
      this.#release(socket.fd);
    }
  }

  #listen(
    { socket, bell, subscription }: { socket: ConnectorSocket; bell: Bell; subscription: Subscription },
    reports: ReaderReports,
  ): void {
    while (this.#control.stopRequest === StopRequest.none) {
      subscription.advance(this.#nowNs());
      if (this.#scan === undefined && !this.#mayHoldMore) bell.wait(subscription.confirmed ? FOREVER : START_WAIT_MS);
      const confirmed = subscription.confirmed;
      this.#receive(socket.fd);
      if (subscription.confirmed && !confirmed) this.#begin(socket, reports);
      if (this.#scan !== undefined) this.#scanSlice(this.#scan, reports);
      else this.#pace.rest();
    }
  }

  /** The socket goes, and with it what could go wrong, whatever the kernel says to IGNORE. */
  #release(fd: number): void {
    try {
      sendIgnore(this.#libc, this.#control);
    } finally {
      this.#libc.close(fd);
      this.#control.setPhase(Phase.CLOSED);
    }
  }

  #begin(socket: ConnectorSocket, reports: ReaderReports): void {
    this.#control.setPhase(Phase.RUNNING);
    reports.subscribed(socket);
    this.#scan = new ProcfsScan();
  }

  /** Hears what the socket holds and no more, then asks the kernel what it dropped. In a hurry it hears the same and captures nothing. */
  #drain(fd: number): void {
    leaveGroup(this.#libc, fd);
    sendIgnore(this.#libc, this.#control);
    while (this.#receive(fd) && this.#control.stopRequest !== StopRequest.now);
    this.#reconcile(fd);
  }

  /** Gaps miss a loss at the end of a CPU's stream; the socket's own counter does not. */
  #reconcile(fd: number): void {
    const count = (this.#drops(fd) ?? 0) - this.#sequence.lost;
    if (count <= 0 || !this.#beginPatiently()) return;
    const nowNs = this.#nowNs();
    this.#frame.received(0);
    this.#frame.loss(0, { reason: 'tail', cpu: -1, fromSeq: -1, toSeq: -1, count, fromNs: this.#lastNs, toNs: nowNs });
    this.#frame.commit(0, this.#clock.at(nowNs), nowNs);
  }

  /** Waits for room in the ring; false when the process ends now and nobody will read it any more. */
  #beginPatiently(): boolean {
    for (let tail = this.#ring.tail; !this.#frame.begin(); tail = this.#ring.tail) {
      if (this.#control.stopRequest === StopRequest.now) return false;
      this.#ring.waitForRoom(tail, RING_FULL_WAIT_MS);
    }
    return true;
  }

  /** One receive; false when there was nothing to hear (or no room: then the kernel's buffer holds it). */
  #receive(fd: number): boolean {
    const { tail } = this.#ring;
    if (!this.#frame.begin()) {
      this.#ring.waitForRoom(tail, RING_FULL_WAIT_MS);
      return true;
    }
    this.#messages.pointAt(this.#frame.slotAt(0));
    const { value, errno } = this.#libc.recvmmsg(fd, this.#messages.headers, MAX_SLOTS, MSG_DONTWAIT);
    this.#mayHoldMore = value === MAX_SLOTS || errno === Errno.ENOBUFS;
    if (value <= 0) return this.#nothing(errno);
    this.#take(value);
    return true;
  }

  /** ENOBUFS is said once, before what is still queued; the sequence tells exactly what it cost. */
  #nothing(errno: number): boolean {
    if (errno === Errno.EAGAIN || errno === Errno.EINTR || errno === 0) return false;
    if (errno !== Errno.ENOBUFS)
      throw new AgentError('NETLINK_SOCKET', `receiving process events failed: errno ${errno}`, { context: { errno } });
    this.#control.count('OVERRUNS');
    return true;
  }

  #take(received: number): void {
    const nowNs = this.#nowNs();
    const offsets = this.#clock.at(nowNs);
    this.#control.bootOffsetNs = offsets.bootNs;
    this.#frame.received(received);
    this.#execs = 0;
    let first = 0;
    for (let i = 0; i < received; i += 1) {
      if (!this.#frame.hasRoom) {
        this.#frame.commit(i - first, offsets, nowNs);
        if (!this.#continue(i - first)) return;
        first = i;
      }
      this.#takeOne(i, i - first, received - first);
    }
    this.#frame.commit(received - first, offsets, nowNs);
    this.#pace.note(received, this.#execs, nowNs);
  }

  /** Moves what is left of a full frame into the next one. */
  #continue(done: number): boolean {
    const rest = this.#frame.takeRest(done);
    if (!this.#beginPatiently()) return false;
    this.#frame.putRest(rest);
    return true;
  }

  /** Message `i` of the receive, which is `slot` of the frame's `slots`. */
  #takeOne(i: number, slot: number, slots: number): void {
    const { words } = this.#ring;
    const at = this.#frame.slotAt(slot);
    if (this.#messages.sender(i) !== 0 || !isProcessEvent(words, at, this.#messages.length(i))) {
      this.#control.count(this.#messages.sender(i) === 0 ? 'MALFORMED' : 'FOREIGN');
      setSlot(this.#ring, at, 0, FOREIGN);
      return;
    }
    const stampNs = stampNsOf(words, at);
    const what = whatOf(words, at);
    const { disordered } = this.#sequence;
    const gap = this.#sequence.see(cpuOf(words, at), seqOf(words, at), stampNs);
    if (gap !== undefined) this.#frame.loss(slot, { reason: 'receive_buffer', ...gap });
    if (this.#sequence.disordered !== disordered) this.#control.count('DISORDERED');
    this.#lastNs = stampNs;
    setSlot(this.#ring, at, this.#sequence.seq, what === What.NONE ? ACK : 0);
    if (what === What.EXEC) this.#captureExec({ slot, slots, at, stampNs });
    else if (what === What.NONE) this.#subscription?.acknowledged(ackOf(words, at), firstOf(words, at));
  }

  #captureExec({ slot, slots, at, stampNs }: { slot: number; slots: number; at: number; stampNs: number }): void {
    this.#execs += 1;
    if (this.#control.stopRequest === StopRequest.hurry) return;
    const pid = secondOf(this.#ring.words, at);
    this.#frame.exec(this.#capture, { slot, pid, stampNs, exited: this.#exitsBefore(pid, slot + 1, slots) });
  }

  /** Whether the exit of `pid` is among the slots from `from` on. */
  #exitsBefore(pid: number, from: number, slots: number): boolean {
    const { words } = this.#ring;
    for (let slot = from; slot < slots; slot += 1) {
      const at = this.#frame.slotAt(slot);
      if (whatOf(words, at) === What.EXIT && firstOf(words, at) === pid) return true;
    }
    return false;
  }

  /** A few processes, a frame each: the moment of each snapshot is its own, or a thread born meanwhile would be counted twice. */
  #scanSlice(scan: ProcfsScan, reports: ReaderReports): void {
    for (let n = 0; n < SCAN_SLICE && this.#frame.begin(); n += 1) {
      const pid = scan.next();
      if (pid === undefined) {
        this.#scan = undefined;
        reports.scanned();
        return;
      }
      this.#frame.received(0);
      this.#frame.found(this.#capture, { purpose: 'start', tgid: pid, pid, stampNs: this.#nowNs() });
      this.#frame.commit(0, this.#clock.at(this.#nowNs()), this.#capture.statNs);
    }
  }

  #nowNs(): number {
    return Number(process.hrtime.bigint());
  }
}
