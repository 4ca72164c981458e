import { describe, expect, it } from 'vitest';
import type { ExecEvent, Heard, KernelEvent } from '../../../../src/core/kernel-event.ts';
import { FrameReader } from '../../../../src/ingest/proc-connector/frame-reader.ts';
import { FrameMemory } from '../../../../src/ingest/recording/frame-block.ts';
import { SyntheticHost } from '../../../../src/ingest/synthetic/host.ts';
import { LeakyStream } from '../../../../src/ingest/synthetic/leak.ts';
import { framesOf } from '../../../helpers/frame-encoder.ts';

const OPTIONS = { seed: 1, stepNs: 20_000, maxArgsBytes: 32_768 };

function events(count: number, options: Partial<typeof OPTIONS & { plain: boolean }> = {}): KernelEvent[] {
  const host = new SyntheticHost({ ...OPTIONS, ...options });
  return Array.from({ length: count }, () => host.next());
}

describe('a synthetic host', () => {
  const some = events(20_000);

  it('lives the same life for the same seed, and another one for another', () => {
    expect(events(2000)).toEqual(some.slice(0, 2000));
    expect(events(2000, { seed: 2 })).not.toEqual(some.slice(0, 2000));
  });

  it('has events of every kind', () => {
    expect(new Set(some.map(({ kind }) => kind))).toEqual(
      new Set(['FORK', 'EXEC', 'EXIT', 'UID', 'GID', 'SID', 'PTRACE', 'COMM', 'COREDUMP']),
    );
  });

  it('numbers the events of each CPU without a gap, and its clock never stands still', () => {
    const last = new Map<number, number>();
    let ns = 0;
    for (const { cpu, kernelSeq, monotonicNs } of some) {
      expect(kernelSeq).toBe((last.get(cpu) ?? kernelSeq - 1) + 1);
      expect(monotonicNs).toBeGreaterThan(ns);
      last.set(cpu, kernelSeq);
      ns = monotonicNs;
    }
    expect(last.size).toBe(4);
  });

  it('lets every process be forked before anything else happens to it, and nothing happen after its exit', () => {
    const alive = new Set<number>();
    for (const event of some) {
      if (event.kind === 'FORK') {
        expect(alive.has(event.pid)).toBe(false);
        alive.add(event.pid);
      } else expect(alive.has(event.pid)).toBe(true);
      if (event.kind === 'EXIT') alive.delete(event.pid);
    }
  });

  it('has threads, long arguments that are cut, and processes that are gone before they are looked at', () => {
    const captures = some.filter((event): event is ExecEvent => event.kind === 'EXEC').map(({ capture }) => capture);
    expect(some.some(({ kind, pid, tgid }) => kind === 'FORK' && pid !== tgid)).toBe(true);
    expect(captures.some((capture) => capture?.stat === 3)).toBe(true);
    const cut = captures.filter((capture) => typeof capture?.cmdline !== 'number' && (capture?.cmdlineBytes ?? 0) > 32_768);
    expect(cut.length).toBeGreaterThan(10);
    expect(cut.every((capture) => (capture!.cmdline as Uint8Array).length === 32_768)).toBe(true);
  });

  it('runs nothing but commands when told to', () => {
    expect(new Set(events(3000, { plain: true }).map(({ kind }) => kind))).toEqual(new Set(['FORK', 'EXEC', 'EXIT']));
  });

  it('shows half of its daemons in containers, between the begin and the end of a listing', () => {
    const listing = new SyntheticHost(OPTIONS).listing();
    const found = listing
      .slice(1, -1)
      .map((item) => (item.kind === 'SNAPSHOT' ? Buffer.from(item.capture.cgroup as Uint8Array).toString() : ''));
    expect(listing[0]).toMatchObject({ kind: 'SCAN', phase: 'BEGIN', purpose: 'start' });
    expect(listing.at(-1)).toMatchObject({ kind: 'SCAN', phase: 'END', processes: found.length });
    expect(found.filter((cgroup) => /docker-[0-9a-f]{64}\.scope/.test(cgroup))).toHaveLength(found.length / 2);
  });
});

describe('a leaky stream', () => {
  function heard(lostPerMillion: number, count: number): Heard[] {
    const stream = new LeakyStream(new SyntheticHost(OPTIONS), { seed: 1, lostPerMillion });
    return Array.from({ length: count }, () => stream.next());
  }

  it('leaves nothing out unless told to', () => {
    expect(heard(0, 3000)).toEqual(events(3000));
  });

  it('says of everything left out which CPU’s it was, before the next event of that CPU', () => {
    const next = new Map<number, number>();
    let lost = 0;
    let all = 0;
    for (const item of heard(30_000, 20_000)) {
      if (item.kind !== 'LOSS') {
        const { cpu, kernelSeq } = item as KernelEvent;
        expect(kernelSeq).toBe(next.get(cpu) ?? kernelSeq);
        next.set(cpu, kernelSeq + 1);
        all += 1;
        continue;
      }
      expect(item.fromSeq).toBe(next.get(item.cpu as number) ?? item.fromSeq);
      expect(item.count).toBe((item.toSeq as number) - (item.fromSeq as number) + 1);
      next.set(item.cpu as number, (item.toSeq as number) + 1);
      lost += item.count;
      all += item.count;
    }
    expect(lost / all).toBeGreaterThan(0.015);
    expect(lost / all).toBeLessThan(0.06);
  });

  it('comes out of frames as it went in, captures and losses included', () => {
    const host = new SyntheticHost(OPTIONS);
    const items = [...host.listing(), ...heard(30_000, 3000)];
    const out: Heard[] = [];
    const memory = new FrameMemory();
    const reader = new FrameReader(memory);
    for (const frame of framesOf(items, { wallUs: host.wallUs, slots: 1 })) {
      memory.load(frame);
      reader.read(0, out);
    }
    // The record has nanoseconds where the event has microseconds.
    expect(out).toEqual(
      items.map((item) => (item.kind === 'LOSS' ? { ...item, fromTimeUs: expect.closeTo(item.fromTimeUs, -1) as number } : item)),
    );
  });
});
