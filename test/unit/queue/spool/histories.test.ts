import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch } from '../../../../src/core/batch.ts';
import type { Encoded } from '../../../../src/core/encoded.ts';
import type { Delivery, DroppedBatch, Outcome } from '../../../../src/core/queue.ts';
import type { Spool } from '../../../../src/queue/spool/spool.ts';
import { batch, sequences } from '../../../contract/records.ts';
import { SpoolFolder } from '../../../contract/spool-fixture.ts';
import { FaultyDisk, lehmer } from '../../../helpers/faulty-fs.ts';
import type { DiskFault, DiskOperation } from '../../../helpers/faulty-fs.ts';
import { FOUND } from './found-histories.ts';
import type { History, Step } from './found-histories.ts';
import { ManualTimers } from './manual-timers.ts';

/** Takes the room of several segments of a small spool. */
const LARGE = batch(1_000_001, 1_000_040);
const SMALL = { maxBytes: 512 << 10, maxEvents: 48, memoryBytes: 64 << 10 };
const LARGE_ENOUGH = { maxBytes: 64 << 20, memoryBytes: 64 << 10 };
const never = new AbortController().signal;
const soon = (): AbortSignal => AbortSignal.abort(new Error('nothing at hand'));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      records: fc.integer({ min: 1, max: 6 }),
      size: fc.integer({ min: 16, max: 9000 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pull' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('done' as const),
      which: fc.nat(9),
      outcome: fc.constantFrom('delivered' as const, 'delivered' as const, 'dead_lettered' as const, 'returned' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sync' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('makeRoom' as const), pulls: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(500, 1000, 31_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('faults' as const),
      chance: fc.constantFrom(0.2, 0.6, 1),
      errno: fc.constantFrom('ENOSPC', 'EIO', 'EROFS', 'short', 'sync', 'sync', 'sync'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('heal' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

const history: fc.Arbitrary<History> = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 45 }),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  crash: fc.oneof(
    { weight: 4, arbitrary: fc.double({ min: 0, max: 0.999, noNaN: true }) },
    { weight: 2, arbitrary: fc.constantFrom(1, 2, 2) },
  ),
  power: fc.boolean(),
  small: fc.boolean(),
});
/** What is asked of the spool, in the words of its promise. */
class Model {
  readonly accepted = new Set<number>();
  /** Accepted by a disk that worked, so that a killed process leaves it. */
  readonly written = new Set<number>();
  readonly synced = new Set<number>();
  readonly done = new Set<number>();
  /** Done where the position could be written. */
  readonly kept = new Set<number>();
  readonly lost = new Set<number>();
}

/** One life after the other of a spool, on one disk. */
class Lives {
  readonly model = new Model();
  readonly folder: SpoolFolder;
  readonly timers = new ManualTimers();
  readonly out: Delivery<Encoded>[] = [];
  readonly #small: boolean;
  readonly #random: () => number;
  spool!: Spool;
  #next = 1;
  #seen = 0;
  #isFaulty = false;

  constructor({ seed, small }: History) {
    this.folder = new SpoolFolder(new FaultyDisk(seed));
    this.#small = small;
    this.#random = lehmer(seed + 7);
  }

  get disk(): FaultyDisk {
    return this.folder.disk;
  }

  async begin(): Promise<void> {
    this.out.length = 0;
    this.spool = await this.folder.open(this.#small ? SMALL : LARGE_ENOUGH, this.timers.after);
  }

  /** False once the process is dead. */
  async run(one: Step): Promise<boolean> {
    await this.#step(one);
    for (let i = 0; i < 4; i += 1) await nextTurn();
    this.#noteEvents();
    return !this.disk.crashed;
  }

  async #step(one: Step): Promise<void> {
    if (one.do === 'push') this.#push(one.records, one.size);
    if (one.do === 'pull') await this.#pull();
    if (one.do === 'done') this.#done(one.which, one.outcome);
    if (one.do === 'sync') this.#sync();
    if (one.do === 'makeRoom') await this.#makeRoom(one.pulls);
    if (one.do === 'wait') this.timers.advance(one.ms);
    this.#isFaulty = one.do === 'faults' || (this.#isFaulty && one.do !== 'heal' && one.do !== 'restart');
    if (one.do === 'faults') this.disk.fault = (operation) => this.#fault(operation, one);
    if (one.do === 'heal') this.disk.fault = () => undefined;
    if (one.do === 'restart') {
      await this.#unlessDead(this.spool.close());
      this.#noteEvents();
      if (this.disk.crashed) return;
      this.disk.fault = () => undefined;
      this.disk.kill();
      await this.#unlessDead(this.begin());
    }
  }

  /** What a dead process waits for never comes. */
  async #unlessDead(work: Promise<void>): Promise<void> {
    const state = { settled: false };
    const settle = (): void => void (state.settled = true);
    work.then(settle, settle);
    while (!state.settled && !this.disk.crashed) await nextTurn();
    if (!this.disk.crashed) await work;
  }

  #fault(operation: DiskOperation, { chance, errno }: { chance: number; errno: string }): DiskFault {
    // A folder that cannot be read is another story: nothing opens then.
    if (operation === 'list' || operation === 'read' || operation === 'open' || operation === 'makeFolder' || this.#random() >= chance)
      return undefined;
    if (errno === 'sync') return operation === 'sync' || operation === 'syncFolder' ? 'EIO' : undefined;
    if (errno === 'short')
      return operation === 'write' ? { after: Math.floor(this.#random() * 300) } : operation === 'truncate' ? 'EIO' : undefined;
    return errno === 'ENOSPC' && operation !== 'write' && operation !== 'create' ? undefined : errno;
  }

  #push(records: number, size: number): void {
    const pushed = batch(this.#next, this.#next + records - 1, size);
    if (!this.spool.offer(pushed)) return;
    this.#next += records;
    const isWritten = this.spool.trouble === undefined && !this.disk.crashed;
    for (const sequence of sequences(pushed)) {
      this.model.accepted.add(sequence);
      if (isWritten) this.model.written.add(sequence);
    }
  }

  async #pull(): Promise<void> {
    const stop = new AbortController();
    const pulled = this.spool.pull(stop.signal).catch(() => undefined);
    for (let i = 0; i < 12; i += 1) await nextTurn();
    stop.abort(soon().reason);
    const delivery = await pulled;
    if (delivery !== undefined) this.out.push(delivery);
  }

  /** For a batch that needs nearly all of a small spool, while others go on. */
  async #makeRoom(pulls: number): Promise<void> {
    const gone: number[] = [];
    const making = this.spool.makeRoom(LARGE).then((evicted) => void gone.push(...evicted.flatMap(goneOf)));
    for (let n = 0; n < pulls; n += 1) await this.#pull();
    await this.#unlessDead(making);
    const out = new Set(this.out.flatMap((delivery) => sequences(delivery.batch)));
    const both = gone.filter((sequence) => out.has(sequence));
    expect(both, 'given up while it was out').toEqual([]);
    for (const sequence of gone) this.model.lost.add(sequence);
  }

  #done(which: number, outcome: Outcome): void {
    const [delivery] = this.out.splice(which % Math.max(1, this.out.length), 1);
    if (delivery === undefined) return;
    delivery.done(outcome);
    if (outcome === 'returned') return;
    const isKept = !this.disk.crashed && this.spool.trouble === undefined && !this.#isFaulty;
    for (const sequence of sequences(delivery.batch)) {
      this.model.done.add(sequence);
      if (isKept) this.model.kept.add(sequence);
    }
  }

  #sync(): void {
    const before = [...this.model.accepted];
    const { disk } = this;
    this.spool.synced().then(
      () => {
        if (!disk.crashed) for (const sequence of before) this.model.synced.add(sequence);
      },
      () => undefined,
    );
  }

  #noteEvents(): void {
    for (; this.#seen < this.folder.events.length; this.#seen += 1) {
      const event = this.folder.events[this.#seen];
      if (event?.what !== 'lost') continue;
      for (const { sequence } of event.dropped.items ?? []) this.model.lost.add(sequence);
    }
  }

  async reopen(power: boolean): Promise<void> {
    this.disk.fault = () => undefined;
    if (power) this.disk.cutPower();
    else this.disk.kill();
    await this.begin();
  }

  /** Everything that is there now. */
  async rest(): Promise<number[]> {
    this.timers.advance(31_000);
    for (let i = 0; i < 4; i += 1) await nextTurn();
    this.spool.end();
    const found: number[] = [];
    for (let next = await this.spool.pull(never); next !== undefined; next = await this.spool.pull(never)) {
      found.push(...sequences(next.batch));
      next.done('delivered');
    }
    expect(this.spool.depth).toEqual({ events: 0, bytes: 0 });
    await this.spool.close();
    return found;
  }
}

function goneOf(one: Batch<Encoded> | DroppedBatch): number[] {
  return 'checkpoints' in one ? sequences(batch(one.fromSequence, one.toSequence)) : sequences(one);
}

async function live(course: History, crashAt: number): Promise<{ lives: Lives; changes: number }> {
  const lives = new Lives(course);
  await lives.begin();
  lives.disk.crashAt = crashAt;
  for (const one of course.steps) if (!(await lives.run(one))) break;
  return { lives, changes: lives.disk.changes };
}

async function checkCourse(course: History): Promise<void> {
  const { changes } = course.crash < 1 ? await live(course, Infinity) : { changes: 0 };
  const { lives } = await live(course, course.crash < 1 ? 1 + Math.floor(course.crash * changes) : Infinity);
  const { model } = lives;
  const crashed = lives.disk.crashed || course.crash === 2;
  if (!crashed) lives.disk.fault = () => undefined;
  // A clean end keeps everything; a crash what was promised to survive it.
  if (!crashed) await lives.spool.close();
  const promised = !crashed ? model.accepted : course.power ? model.synced : model.written;
  await lives.reopen(crashed && course.power);
  const found = await lives.rest();
  const distinct = new Set(found);
  const missing = [...promised].filter((sequence) => !distinct.has(sequence) && !model.done.has(sequence) && !model.lost.has(sequence));
  expect(missing, 'lost').toEqual([]);
  expect(
    found.filter((sequence) => !model.accepted.has(sequence)),
    'invented',
  ).toEqual([]);
  // What was written again after a failed sync may be there twice, where the old file could not be cut.
  expect([...distinct], 'in order').toEqual([...distinct].toSorted((a, b) => a - b));
  if (!course.steps.some((one) => one.do === 'faults')) expect(found.length, 'twice').toBe(distinct.size);
  const twice = course.steps.some((one) => one.do === 'faults' && one.errno !== 'ENOSPC');
  if (!twice && !(crashed && course.power))
    expect(
      found.filter((sequence) => model.kept.has(sequence)),
      'done, and delivered again',
    ).toEqual([]);
}

describe('Spool, through whatever happens to its disk', () => {
  it('loses nothing that it promised to keep, invents nothing, keeps the order', async () => {
    const { FORKCAST_SPOOL_HISTORIES: campaign } = process.env;
    await fc.assert(fc.asyncProperty(history, checkCourse), {
      // The same ones each time, so that a change is what makes the difference; the campaign goes where nobody has been.
      ...(campaign === undefined ? { numRuns: 2000, seed: 20_261_120 } : { numRuns: Number(campaign) }),
      examples: FOUND.map((one) => [one]),
      plugins: [fc.timeout(3000)],
    });
  }, 600_000);
});
