import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProcessEvent } from '../../../../src/core/event.ts';
import type { Heard, SnapshotEvent } from '../../../../src/core/kernel-event.ts';
import { startTicksOf, UNKNOWN_TICKS } from '../../../../src/core/start-ticks.ts';
import { begin, capture, end, eventsOf, exec, exit, fork, glance, loss, newEnricher, sighting, snapshot, ticksAtMs } from '../fixtures.ts';

/** One process as it really was. */
interface Life {
  readonly pid: number;
  readonly parent: number;
  readonly startMs: number;
  readonly exe: string;
  readonly envStart: number;
  readonly endMs: number | null;
  readonly isForkHeard: boolean;
}

const ROOT: Life = { pid: 1, parent: 0, startMs: 1, exe: '/sbin/init', envStart: 1000, endMs: null, isForkHeard: true };
const PIDS = [2, 3, 4, 5, 6, 7];
/** As good as true: two processes that hold one pid begin further apart than /proc tells, and no pid comes round within a tick. */
const REUSE_MS = 40;
const TICK_MS = 10;

const shown = ({ pid, parent, startMs, exe, envStart }: Life) => ({ pid, ppid: parent, startMs, exe, envStart, comm: exe.slice(-5) });

interface Deed {
  readonly what: 'fork' | 'exec' | 'exit';
  readonly who: number;
  readonly pauseMs: number;
  /** How much of what is queued is heard before the next look at /proc. */
  readonly heard: number;
  readonly lost: boolean;
  /** The exec left nothing to read. */
  readonly blind: boolean;
}

const deed: fc.Arbitrary<Deed> = fc.record({
  what: fc.constantFrom('fork', 'fork', 'exec', 'exit', 'exit'),
  who: fc.nat(1000),
  pauseMs: fc.integer({ min: 1, max: 30 }),
  heard: fc.nat(4),
  lost: fc.boolean(),
  blind: fc.boolean(),
});

/** A machine with six pids on which processes fork, exec the same two files again and again, and exit. */
class Machine {
  ms = 1000;
  readonly all: Life[] = [ROOT];
  readonly #running = new Map<number, Life>([[1, ROOT]]);
  readonly #freeMs = new Map<number, number>();
  #images = 1000;

  get running(): Life[] {
    return [...this.#running.values()].toSorted((one, other) => one.pid - other.pid);
  }

  do({ what, who, pauseMs, blind, lost }: Deed): Heard | undefined {
    this.ms += pauseMs;
    const { running } = this;
    const life = running[who % running.length] as Life;
    if (what === 'fork') return this.#fork(life, { who, lost });
    if (life.pid === 1) return undefined;
    // Nobody could tell such a process from the former holder of its pid, before the loss has shown.
    return what === 'exec' ? this.#exec(life, { who, blind: blind && life.isForkHeard }) : this.#exit(life);
  }

  #fork(parent: Life, { who, lost }: { who: number; lost: boolean }): Heard | undefined {
    const free = PIDS.filter((pid) => !this.#running.has(pid) && this.ms >= (this.#freeMs.get(pid) ?? 0));
    const pid = free[who % Math.max(free.length, 1)];
    if (pid === undefined) return undefined;
    const life = { ...parent, pid, parent: parent.pid, startMs: this.ms, isForkHeard: !lost };
    this.all.push(life);
    this.#running.set(pid, life);
    return fork(this.ms, parent.pid, pid);
  }

  #exec(former: Life, { who, blind }: { who: number; blind: boolean }): Heard {
    const life = { ...former, exe: who % 2 === 0 ? '/bin/one' : '/bin/two', envStart: ++this.#images };
    this.#become(former, life);
    return exec(this.ms, life.pid, blind ? null : capture(shown(life)));
  }

  #exit(former: Life): Heard {
    const life = { ...former, endMs: this.ms };
    this.#become(former, life);
    this.#running.delete(life.pid);
    this.#freeMs.set(life.pid, Math.max(life.startMs + REUSE_MS, this.ms + TICK_MS + 1));
    return exit(this.ms, life.pid);
  }

  #become(former: Life, life: Life): void {
    this.all[this.all.indexOf(former)] = life;
    this.#running.set(life.pid, life);
  }
}

/** A listing of /proc as the kernel gives it: pids upwards, each as it is when its turn comes. */
class Walk {
  readonly #machine: Machine;
  readonly #seen: SnapshotEvent[] = [];
  #pid = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  next(): SnapshotEvent | undefined {
    const life = this.#machine.running.find(({ pid }) => pid > this.#pid);
    if (life === undefined) return undefined;
    this.#pid = life.pid;
    // Between two deeds.
    this.#seen.push(sighting(this.#machine.ms + 0.5, life.pid, life.pid === 1 ? glance(shown(life)) : capture(shown(life))));
    return this.#seen.at(-1);
  }
}

interface Story {
  readonly before: readonly Deed[];
  readonly during: readonly Deed[];
  /** The listing is given up before that deed, and begun anew. */
  readonly givenUpAt: number;
}

/** All that is heard: before the listing with losses, during it late but complete. */
function tell({ before, during, givenUpAt }: Story): { machine: Machine; heard: Heard[]; beganMs: number } {
  const machine = new Machine();
  const heard: Heard[] = [snapshot(900, 1, capture(shown(ROOT)))];
  const queued: Heard[] = [];
  for (const one of before) {
    const message = machine.do(one);
    if (message !== undefined && !one.lost) queued.push(message);
    if (queued.length > 6) heard.push(queued.shift() as Heard);
  }
  machine.ms += 30;
  let beganMs = machine.ms;
  heard.push(loss(), begin(beganMs));
  let walk = new Walk(machine);
  for (const [i, one] of during.entries()) {
    if (i === givenUpAt) {
      beganMs = machine.ms + 0.5;
      heard.push(begin(beganMs));
      walk = new Walk(machine);
    }
    const seen = walk.next();
    if (seen !== undefined) heard.push(...queued.splice(0, one.heard), seen);
    // What nobody could read at an exec after the listing stays unknown.
    const message = machine.do({ ...one, blind: false, lost: false });
    if (message !== undefined) queued.push(message);
  }
  for (let seen = walk.next(); seen !== undefined; seen = walk.next()) heard.push(...queued.splice(0, 1), seen);
  heard.push(...queued, end(machine.ms + 200, beganMs, { processes: machine.running.length }));
  return { machine, heard, beganMs };
}

/** Whose event it is, by pid and start; undefined where the event does not know. */
function lifeOf(machine: Machine, event: ProcessEvent): Life | undefined {
  const ticks = startTicksOf(event.process.entity_id);
  if (ticks === UNKNOWN_TICKS) return undefined;
  const life = machine.all.find(({ pid, startMs }) => pid === event.process.pid && Math.abs(ticksAtMs(startMs) - ticks) <= 1);
  expect(life, `a process ${event.process.pid} that began in tick ${ticks}`).toBeDefined();
  return life;
}

const stories = fc.record({ before: fc.array(deed, { maxLength: 60 }), during: fc.array(deed, { maxLength: 25 }), givenUpAt: fc.nat(40) });

describe('after losses of any messages and one listing', () => {
  it('the table is the truth, and who follows the events knows it', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { machine, heard, beganMs } = tell(story);
        const alive = new Set(machine.running.map(({ pid }) => pid));
        const enricher = newEnricher({}, undefined, { isAlive: (pid) => alive.has(pid), seesExitStatus: true });
        const events = eventsOf(enricher, ...heard);
        expect(new Set(enricher.processes.living())).toEqual(alive);
        for (const { pid, exe } of machine.running.filter(({ startMs }) => startMs < beganMs))
          expect(enricher.processes.exeOf(pid)).toBe(exe);
        for (const life of machine.all)
          expectTold(
            life,
            events.filter((event) => lifeOf(machine, event) === life),
          );
        const { heard: messages, deselected, threadEvents, emitted } = enricher.counters;
        expect(messages).toBe(deselected + threadEvents + emitted);
        expect(threadEvents).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('another listing finds nothing but what was born during the first, too late for it, of parents whose exec was lost', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { machine, heard, beganMs } = tell(story);
        const enricher = newEnricher();
        eventsOf(enricher, ...heard);
        const { ms } = machine;
        const again = machine.running.map((life) => sighting(ms + 1000, life.pid, capture(shown(life))));
        const found = eventsOf(enricher, begin(ms + 999), ...again, end(ms + 1500, ms + 999));
        expect(found.filter((event) => !isUnknowable(lifeOf(machine, event), { event, beganMs }))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

/** Such a process was taken to run what its parent was known to run. */
function isUnknowable(life: Life | undefined, { event, beganMs }: { event: ProcessEvent; beganMs: number }): boolean {
  return event.kind === 'EXEC' && life !== undefined && life.startMs > beganMs;
}

function expectTold(life: Life, events: readonly ProcessEvent[]): void {
  const kinds = events.map(({ kind }) => kind);
  const about = `${life.pid} of ${life.startMs}: ${kinds.join(' ')}`;
  const announced = kinds.filter((kind) => kind === 'FORK' || kind === 'SNAPSHOT').length;
  const exits = kinds.filter((kind) => kind === 'EXIT').length;
  if (life.endMs === null) expect([announced, exits], about).toEqual([1, 0]);
  else {
    expect(announced, about).toBeLessThanOrEqual(1);
    expect(exits, about).toBe(kinds.length === 0 ? 0 : 1);
    if (exits === 1) expect(kinds.at(-1), about).toBe('EXIT');
  }
}
