import { WallClock } from '../../../../src/ingest/proc-connector/wall-clock.ts';
import type { Clocks } from '../../../../src/ingest/proc-connector/clock-sample.ts';
import { ClockId } from '../../../../src/ingest/native/libc.ts';

interface Epoch {
  readonly fromNs: number;
  readonly wallUs: number;
  readonly bootNs: number;
}

/** A machine whose clocks are moved by hand, and which remembers the truth about them. Reading a clock takes its time. */
export class FakeMachine implements Clocks {
  nowNs = 5_000_000_000_000;
  wallUs = 1_700_000_000_000_000;
  bootNs = 0;
  /** Native readings. */
  readings = 0;
  /** Called between the readings of a sample. */
  onReading: () => void = () => undefined;
  readonly #epochs: Epoch[] = [];

  constructor() {
    this.#note();
  }

  monotonicNs(): number {
    this.nowNs += 500;
    return this.nowNs;
  }

  wallMs(): number {
    return Math.floor((this.nowNs / 1000 + this.wallUs) / 1000);
  }

  us(clock: number): number {
    this.readings += 1;
    this.onReading();
    this.nowNs += 3000;
    return this.nowNs / 1000 + (clock === ClockId.REALTIME ? this.wallUs : this.bootNs / 1000);
  }

  pass(ms: number): void {
    this.nowNs += ms * 1e6;
  }

  /** CLOCK_MONOTONIC stands still. */
  suspend(seconds: number): void {
    this.wallUs += seconds * 1e6;
    this.bootNs += seconds * 1e9;
    this.#note();
  }

  step(us: number): void {
    this.wallUs += us;
    this.#note();
  }

  /** What was stamped until now was stamped before it. */
  #note(): void {
    this.nowNs += 1;
    this.#epochs.push({ fromNs: this.nowNs, wallUs: this.wallUs, bootNs: this.bootNs });
  }

  /** What truly held at a stamp. */
  truthAt(stampNs: number): Epoch {
    return this.#epochs.findLast(({ fromNs }) => stampNs >= fromNs) ?? (this.#epochs[0] as Epoch);
  }
}

/** Messages of one receive. */
const BATCH = 8;

/** A machine whose events are stamped, queued and read as the ingest thread does; keeps the worst error of any event's wall and boot time. */
export class Watched {
  readonly machine = new FakeMachine();
  readonly clock = new WallClock(this.machine);
  readonly queue: number[] = [];
  worstUs = 0;

  event(): number {
    this.queue.push(this.machine.nowNs);
    return this.machine.nowNs;
  }

  /** Events `everyMs` apart for `ms`. */
  events(ms: number, everyMs: number): void {
    for (let t = 0; t < ms; t += everyMs) {
      this.machine.pass(everyMs);
      this.event();
    }
  }

  look(alarmed = false): void {
    this.clock.look(this.machine.monotonicNs(), alarmed);
  }

  /** One receive; true when there may be more. */
  receive(alarmed = false): boolean {
    const batch = this.queue.splice(0, BATCH);
    this.look(alarmed);
    if (this.clock.settling) this.clock.settle(batch, batch.length, batch.length < BATCH);
    for (const stampNs of batch) this.#check(stampNs);
    return batch.length === BATCH;
  }

  drain(): void {
    while (this.receive());
  }

  #check(stampNs: number): void {
    const { wallUs, bootNs } = this.clock.offsetsAt(stampNs);
    const truth = this.machine.truthAt(stampNs);
    this.worstUs = Math.max(this.worstUs, Math.abs(wallUs - truth.wallUs), Math.abs(bootNs - truth.bootNs) / 1000);
  }
}
