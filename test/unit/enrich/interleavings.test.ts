import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProcessEvent } from '../../../src/core/event.ts';
import type { Heard, Piece } from '../../../src/core/kernel-event.ts';
import {
  allOf,
  capture,
  comm,
  coredump,
  eventsOf,
  exec,
  exit,
  fork,
  gid,
  GONE,
  loss,
  newEnricher,
  ptrace,
  shared,
  sid,
  snapshot,
  uid,
  zombie,
} from './fixtures.ts';

/** Few pids, so that they are reused, orphaned, traced and evicted all the time. */
const pid = fc.integer({ min: 1, max: 12 });
const ids = fc.oneof(
  pid.map((id) => ({ pid: id })),
  fc.record({ pid, tid: fc.integer({ min: 20, max: 24 }) }),
);
const user = fc.integer({ min: 0, max: 2 });
const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.constantFrom(2, 3, 13),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => shared(bytes)),
);
const described = fc.record({
  ppid: pid,
  startMs: fc.integer({ min: 0, max: 3000 }),
  state: fc.constantFrom('S', 'R', 'Z'),
  threads: fc.integer({ min: 0, max: 3 }),
});
const captured = fc.oneof(
  fc.constant(GONE),
  described.map((d) => capture(d)),
  described.map((d) => zombie(d)),
  fc
    .record({ cmdline: piece, exe: piece, cwd: piece, stat: piece, status: piece, cgroup: piece, loginuid: piece })
    .map((pieces) => capture({ pieces })),
);

const step: fc.Arbitrary<(ms: number) => Heard> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(pid, ids).map(
      ([parent, child]) =>
        (ms: number) =>
          fork(ms, parent, child),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(pid, fc.option(captured)).map(
      ([p, c]) =>
        (ms: number) =>
          exec(ms, p, c),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(ids, fc.nat(65_535), fc.nat(12)).map(
      ([i, code, parent]) =>
        (ms: number) =>
          exit(ms, i, { code, parent }),
    ),
  },
  fc.tuple(pid, captured).map(
    ([p, c]) =>
      (ms: number) =>
        snapshot(ms, p, c),
  ),
  fc.tuple(ids, user, user).map(
    ([i, r, e]) =>
      (ms: number) =>
        uid(ms, i, [r, e]),
  ),
  fc.tuple(ids, user, user).map(
    ([i, r, e]) =>
      (ms: number) =>
        gid(ms, i, [r, e]),
  ),
  ids.map((i) => (ms: number) => sid(ms, i)),
  fc.tuple(ids, fc.nat(12)).map(
    ([i, tracer]) =>
      (ms: number) =>
        ptrace(ms, i, tracer),
  ),
  ids.map((i) => (ms: number) => comm(ms, i, 'renamed')),
  ids.map((i) => (ms: number) => coredump(ms, i)),
  fc.constant(() => loss()),
);
const stream = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), step), { maxLength: 120 });
const settings = fc.record({
  maxProcesses: fc.integer({ min: 1, max: 8 }),
  exitTtlMs: fc.constantFrom(0, 50, 10_000),
  threads: fc.boolean(),
  maxArgsBytes: fc.nat(20),
});

describe('any stream of events', () => {
  it('never throws, never outgrows the table, and balances the books', () => {
    fc.assert(
      fc.property(settings, stream, (config, steps) => {
        const enricher = newEnricher({ ...config, maxTableBytes: 1_000_000 });
        let ms = 100;
        let made = 0;
        for (const [pause, heard] of steps) {
          ms += pause;
          made += allOf(enricher, heard(ms)).length;
          expect(enricher.table.entries).toBeLessThanOrEqual(config.maxProcesses);
          if (pause === 7) enricher.sweep(ms * 1e6);
        }
        const { heard, deselected, threadEvents, emitted, snapshots, snapshotsSkipped, losses, recovered } = enricher.counters;
        expect(heard).toBe(deselected + threadEvents + emitted);
        expect(made).toBe(emitted + snapshots + losses + recovered.found + recovered.execs + recovered.exits + recovered.ids);
        expect(heard + snapshots + snapshotsSkipped + losses).toBe(steps.length);
        enricher.sweep(1e18);
        expect(enricher.table.bytes).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 400 },
    );
  });

  it('leaves nothing behind when all have exited', () => {
    fc.assert(
      fc.property(stream, (steps) => {
        const enricher = newEnricher();
        let ms = 100;
        for (const [pause, heard] of steps) allOf(enricher, heard((ms += pause)));
        // Nobody knows how many threads are left after a loss: the leader's EXIT is the end.
        allOf(enricher, loss());
        for (let id = 1; id <= 12; id++) allOf(enricher, exit(ms + 5000, id));
        for (let id = 1; id <= 12; id++) allOf(enricher, exit(ms + 5000, { pid: id, tid: 20 }));
        enricher.sweep(1e18);
        expect(enricher.table).toMatchObject({ entries: 0, bytes: 0 });
      }),
      { numRuns: 200 },
    );
  });

  it('gives each (pid, start) an id of its own, and no id of an image to two', () => {
    fc.assert(
      fc.property(stream, (steps) => {
        const enricher = newEnricher({ threads: true });
        const starts = new Map<string, string>();
        const images = new Map<string, number>();
        let ms = 100;
        for (const [pause, heard] of steps) {
          for (const made of eventsOf(enricher, heard((ms += pause)))) {
            noteEntity(starts, made);
            noteImage(images, made);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** The tick stands in the id's last 46 bits; an id must stand for one pid, whose start that is. */
function noteEntity(starts: Map<string, string>, event: ProcessEvent): void {
  const id = event.process.entity_id;
  const ticks = (id.readUIntBE(10, 6) % 2 ** 46).toString();
  const key = `${event.process.pid}/${ticks}`;
  expect(starts.get(id.toString('hex')) ?? key).toBe(key);
  starts.set(id.toString('hex'), key);
}

/** Each EXEC is a new image. A snapshot may find one that an EXEC named while nobody knew when its process had started. */
function noteImage(images: Map<string, number>, event: ProcessEvent): void {
  if (event.process.exec_id === null || (event.kind !== 'EXEC' && event.kind !== 'SNAPSHOT')) return;
  const id = event.process.exec_id.toString('hex');
  const holder = images.get(id);
  expect(
    holder === undefined || (event.kind === 'SNAPSHOT' && holder === event.process.pid),
    `${id} names an image of ${holder} and of ${event.process.pid}`,
  ).toBe(true);
  images.set(id, event.process.pid);
}
