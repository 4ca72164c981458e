import { AgentError, asAgentError } from '../../core/errors.ts';
import { nothingToRecord } from '../capture/bpf/unavailable.ts';
import type { Libc } from '../native/libc.ts';
import type { RingProducer } from '../ring/ring.ts';
import { Bell } from './bell.ts';
import type { CaptureState, ExecCacheMode, OpenExecCache } from './captures.ts';
import type { IngestControl } from './control.ts';
import { Phase, StopRequest } from './control.ts';
import { DropCounter } from './drops.ts';
import type { ForeignNamespace } from './foreign-namespace.ts';
import { notFrom } from './foreign-namespace.ts';
import type { KernelFilter } from './narrow.ts';
import { nowNs } from '../now.ts';
import { gatherMs } from './pace.ts';
import { Receiver } from './receiver.ts';
import { Retry } from './retry.ts';
import { Scanner } from './scanner.ts';
import { Session } from './session.ts';
import type { ConnectorSocket } from './socket.ts';
import { deaf } from './subscription.ts';

/** Until the kernel has answered, its time-out is looked at this often. */
const ASKING_WAIT_MS = 100;
/** How often the socket's drop counter is compared with the gaps although the kernel said nothing. */
const RECONCILE_NS = 5e9;

export interface ReaderConfig {
  readonly receiveBufferBytes: number;
  readonly maxArgsBytes: number;
  /** Names of the variables that are captured. */
  readonly env: readonly string[];
  /** Whether the kernel is asked to record what will be gone; see `Captures`. */
  readonly execCache: ExecCacheMode;
  /** List the threads of the processes that run at the start, too. */
  readonly threads: boolean;
  /** What the kernel is to leave out; null: nothing, and losses are counted exactly. */
  readonly kernelFilter: KernelFilter | null;
  /** Where this process is, if the kernel takes no subscription from there. */
  readonly foreignNamespace: ForeignNamespace | null;
  /** What there is instead where the kernel cannot be heard: a listing of /proc every second, or an error. */
  readonly fallback: 'scan' | 'none';
  /** Silence after which the owner is told, milliseconds; 0: never. */
  readonly silenceMs: number;
  readonly reconcileEveryMs: number;
  readonly fallbackEveryMs: number;
  /** 64-bit sequences where an earlier run on this boot ended, by CPU. */
  readonly kernelSeqs: Readonly<Record<string, number>>;
}

export interface ReaderParts {
  readonly libc: Libc;
  readonly openExecCache: OpenExecCache;
  readonly control: IngestControl;
  readonly ring: RingProducer;
}

/** What the reader tells its owner. */
export interface ReaderReports {
  /** The first event can no longer be missed; after a `lost`: none can be missed again. */
  subscribed(socket: ConnectorSocket, captures: CaptureState): void;
  /** What was running before is in the ring. Once. */
  scanned(): void;
  /** The kernel cannot be heard; /proc is listed meanwhile. */
  lost(error: AgentError): void;
  /** Nothing was heard for `silenceMs`. */
  silent(): void;
}

/**
 * The loop of the ingest thread. `run` returns after a stop was asked for and the subscription is undone; it throws when the kernel cannot be
 * heard and there is no fallback, or cannot record and has to.
 */
export class ConnectorReader {
  readonly #control: IngestControl;
  readonly #openExecCache: OpenExecCache;
  readonly #config: ReaderConfig;
  readonly #receiver: Receiver;
  readonly #session: Session;
  readonly #scanner: Scanner;
  readonly #bell: Bell;
  readonly #drops: DropCounter;
  readonly #retry = new Retry();
  #listening = false;
  /** How long events may come together now, milliseconds; 0: not at all. */
  #gatherMs = 0;
  #started = false;
  #reconciledNs = 0;
  /** CLOCK_MONOTONIC since when nobody listens for us; 0 while we do. */
  #blindNs = nowNs();
  /** CLOCK_MONOTONIC when something came last, or there was no room to let it come: a full ring is not silence. */
  #silentNs = 0;
  /** Events until the subscription at hand: the first one after it proves that it works, which a confirmation does not. */
  #eventsBefore = 0;

  constructor({ libc, openExecCache, control, ring }: ReaderParts, config: ReaderConfig) {
    this.#openExecCache = openExecCache;
    this.#control = control;
    this.#config = config;
    this.#session = new Session(libc, control, config);
    this.#receiver = new Receiver(
      { libc, control, ring, onAck: (ack, errno) => this.#session.acknowledged(ack, errno) },
      { maxArgsBytes: config.maxArgsBytes, env: config.env, filtered: config.kernelFilter !== null, kernelSeqs: config.kernelSeqs },
    );
    this.#scanner = new Scanner(this.#receiver, config);
    this.#drops = new DropCounter(libc);
    this.#bell = new Bell(libc);
    control.bellFd = this.#bell.fd;
  }

  run(reports: ReaderReports): void {
    try {
      this.#openCaptures();
      while (this.#control.stopRequest === StopRequest.none) this.#turn(reports);
      if (this.#control.stopRequest !== StopRequest.now) this.#drain();
    } finally {
      this.#scanner.close();
      try {
        this.#session.close();
      } finally {
        this.#bell.close();
        this.#receiver.captures.close();
        this.#control.setPhase(Phase.CLOSED);
      }
    }
  }

  /** Where there will be no event to match a record with, none is asked for. */
  #openCaptures(): void {
    const { execCache, foreignNamespace, kernelFilter } = this.#config;
    const obstacle = foreignNamespace === null ? nothingToRecord(kernelFilter?.kinds ?? null)?.reason : notFrom(foreignNamespace).message;
    this.#receiver.captures.open(this.#openExecCache, { mode: execCache, obstacle });
  }

  #turn(reports: ReaderReports): void {
    try {
      if (this.#control.takeRenewal()) throw deaf();
      this.#hear(reports);
    } catch (error) {
      this.#lose(asAgentError(error), reports);
    }
    this.#scan(reports);
  }

  #hear(reports: ReaderReports): void {
    const { fd } = this.#session;
    if (fd >= 0 || nowNs() >= this.#retry.dueNs) this.#session.advance(nowNs());
    this.#wait();
    if (this.#session.fd < 0) return;
    const { declared } = this.#receiver.ledger;
    const some = this.#receiver.receive(this.#session.fd);
    this.#receiver.settle();
    if (this.#session.confirmed && !this.#listening) this.#begin(reports);
    if (this.#listening && this.#receiver.events > this.#eventsBefore) this.#retry.succeeded();
    if (!some) this.#reconcile(nowNs());
    if (this.#receiver.ledger.declared > declared) this.#scanner.noteLoss(nowNs());
    if (some) this.#silentNs = nowNs();
    this.#listenForSilence(reports);
    if (some && !this.#receiver.captures.raceFree) this.#receiver.pace.rest();
  }

  /** Also a look at the clocks: how long this thread was away shows where a suspend was. */
  #wait(): void {
    if (this.#receiver.mayHoldMore) return;
    const alarmed = this.#bell.wait(this.#session.fd, this.#waitMs(nowNs()));
    if (this.#gatherMs > 0 && this.#bell.hasMessages) this.#receiver.pace.gather(this.#gatherMs);
    this.#receiver.clock.look(nowNs(), alarmed);
  }

  /** Until the next thing to do by itself; rounded up, or the last part of a millisecond would be spent turning. */
  #waitMs(atNs: number): number {
    // What an overrun cost is asked for once the socket is empty, and only another receive tells that it is.
    if (this.#listening && this.#receiver.overrun) return 0;
    let dueNs = Math.min(
      this.#scanner.dueNs(this.#listening),
      this.#listening ? this.#reconciledNs + RECONCILE_NS : Number.POSITIVE_INFINITY,
    );
    if (this.#session.fd < 0) dueNs = Math.min(dueNs, this.#retry.dueNs);
    else if (!this.#listening) dueNs = Math.min(dueNs, atNs + ASKING_WAIT_MS * 1e6);
    else if (this.#config.silenceMs > 0) dueNs = Math.min(dueNs, this.#silentNs + this.#config.silenceMs * 1e6);
    return Math.max(0, Math.ceil((dueNs - atNs) / 1e6));
  }

  #begin(reports: ReaderReports): void {
    this.#listening = true;
    this.#eventsBefore = this.#receiver.events;
    const socket = this.#session.settle();
    this.#gatherMs = this.#receiver.captures.raceFree ? gatherMs(socket.receiveBufferBytes) : 0;
    const atNs = nowNs();
    this.#reconciledNs = atNs;
    this.#silentNs = atNs;
    this.#receiver.subscribedNs = atNs;
    if (this.#started) this.#endBlindness(atNs);
    this.#blindNs = 0;
    this.#start();
    reports.subscribed(socket, this.#receiver.captures.state);
  }

  /** Once: from here on there is a stream, by whichever way. */
  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#control.setPhase(Phase.RUNNING);
    this.#scanner.requestStart();
  }

  /** Nobody counted meanwhile; what others' subscriptions made the kernel count shows as gaps besides. */
  #endBlindness(atNs: number): void {
    this.#receiver.declare({ reason: 'blind', cpu: -1, fromSeq: -1, toSeq: -1, count: 0, fromNs: this.#blindNs, toNs: atNs });
    this.#scanner.noteLoss(atNs);
  }

  /** The subscription is no good (any more): without a fallback that is the end. */
  #lose(error: AgentError, reports: ReaderReports): void {
    const atNs = nowNs();
    if (this.#listening) {
      this.#blindNs = this.#receiver.heardNs;
      this.#receiver.reconcile(this.#drops.read(this.#session.fd));
    }
    this.#listening = false;
    this.#gatherMs = 0;
    this.#receiver.mayHoldMore = false;
    this.#drops.next();
    if (this.#config.fallback === 'none' || error.category === 'bug') throw error;
    this.#retry.failed(atNs);
    this.#start();
    reports.lost(this.#closeAfter(error));
  }

  #closeAfter(error: AgentError): AgentError {
    try {
      this.#session.close();
      return error;
    } catch (closing) {
      return new AgentError(error.code, `${error.message}; ${asAgentError(closing).message}`, { cause: error });
    }
  }

  #reconcile(atNs: number): void {
    if (!this.#listening || (!this.#receiver.overrun && atNs - this.#reconciledNs < RECONCILE_NS)) return;
    this.#reconciledNs = atNs;
    this.#receiver.reconcile(this.#drops.read(this.#session.fd));
  }

  #listenForSilence(reports: ReaderReports): void {
    const { silenceMs } = this.#config;
    if (silenceMs === 0 || !this.#listening) return;
    if (nowNs() - this.#silentNs < silenceMs * 1e6) return;
    // Told again after as long again.
    this.#silentNs = nowNs();
    reports.silent();
  }

  #scan(reports: ReaderReports): void {
    const hearing = { listening: this.#listening, connected: this.#session.fd >= 0 };
    if (this.#scanner.step(nowNs(), hearing) === 'start') reports.scanned();
  }

  /** Hears what the socket holds and no more, then asks the kernel what it dropped. In a hurry it hears the same and captures nothing. */
  #drain(): void {
    const { fd } = this.#session;
    if (!this.#listening) {
      if (this.#started) this.#endBlindness(nowNs());
      return;
    }
    this.#session.leave();
    while (this.#receiver.receive(fd) && this.#control.stopRequest !== StopRequest.now);
    this.#receiver.reconcile(this.#drops.read(fd));
    this.#receiver.settle(true);
  }
}
