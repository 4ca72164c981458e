import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BpfRing } from '../../../../../src/ingest/capture/bpf/bpf-ring.ts';
import { RecordView } from '../../../../../src/ingest/capture/bpf/record.ts';
import { FakeBpfRing } from '../../../../helpers/fake-bpf.ts';

const SIZE = 4096;

/** A record that is recognised by its words: `seed`, `seed + 1`, … */
function record(seed: number, words: number): Buffer {
  const bytes = Buffer.alloc(words * 4);
  for (let i = 0; i < words; i += 1) bytes.writeUInt32LE((seed + i) >>> 0, i * 4);
  return bytes;
}

function readAll(ring: BpfRing): { position: number; words: number[] }[] {
  const read: { position: number; words: number[] }[] = [];
  const view = new RecordView();
  ring.look();
  for (let position = ring.next(); position >= 0; position = ring.next()) {
    ring.show(position, view);
    const words = Array.from({ length: view.length / 4 }, (_, i) => view.u32(i * 4));
    read.push({ position, words });
  }
  return read;
}

describe('a BPF ring', () => {
  it.each([0, 2 ** 32 - 1024, 2 ** 52])('gives what was put in, in order, round and round, from position %d on', (from) => {
    const lengths = fc.array(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 6 }), { maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(lengths, (rounds) => {
        const kernel = new FakeBpfRing(SIZE, from);
        const ring = new BpfRing(kernel);
        let seed = 0;
        for (const round of rounds) {
          const put = round.map((words) => record((seed += 1000), words)).filter((bytes) => kernel.put(bytes) >= 0);
          expect(readAll(ring).map(({ words }) => words)).toEqual(
            put.map((bytes) => Array.from(new Uint32Array(new Uint8Array(bytes).buffer))),
          );
          ring.release(ring.position);
        }
        expect(kernel.consumed).toBe(kernel.produced);
      }),
    );
  });

  it('shows a record for as long as it is not released, also one that crosses the end of the memory', () => {
    const kernel = new FakeBpfRing(SIZE);
    const ring = new BpfRing(kernel);
    kernel.put(record(0, 500));
    readAll(ring);
    ring.release(ring.position);
    const crossing = kernel.put(record(7, 700));
    kernel.put(record(9, 100));
    const [first, second] = readAll(ring);
    const view = new RecordView();
    ring.show(crossing, view);
    expect(first).toEqual({ position: crossing, words: Array.from({ length: 700 }, (_, i) => 7 + i) });
    expect(second?.words[0]).toBe(9);
    expect([view.u32(0), view.u32(699 * 4)]).toEqual([7, 706]);
  });

  it('stops at a record that is being written, and goes on when it is done', () => {
    const kernel = new FakeBpfRing(SIZE);
    const ring = new BpfRing(kernel);
    kernel.put(record(1, 2));
    const busy = kernel.put(record(2, 2), { state: 'busy' });
    kernel.put(record(3, 2));
    expect(readAll(ring).map(({ words }) => words[0])).toEqual([1]);
    kernel.finish(busy, 8);
    expect(readAll(ring).map(({ words }) => words[0])).toEqual([2, 3]);
  });

  it('passes over a record that was given up', () => {
    const kernel = new FakeBpfRing(SIZE);
    const ring = new BpfRing(kernel);
    kernel.put(record(1, 2), { state: 'discarded' });
    kernel.put(record(2, 2));
    expect(readAll(ring).map(({ words }) => words[0])).toEqual([2]);
  });

  it('sees nothing that came after the look', () => {
    const kernel = new FakeBpfRing(SIZE);
    const ring = new BpfRing(kernel);
    ring.look();
    kernel.put(record(1, 2));
    expect(ring.next()).toBe(-1);
  });

  it('keeps from the kernel what is not released, and says how much that is', () => {
    const kernel = new FakeBpfRing(SIZE);
    const ring = new BpfRing(kernel);
    kernel.put(record(1, 400));
    kernel.put(record(2, 400));
    const second = readAll(ring)[1]!.position;
    expect(kernel.put(record(3, 400))).toBe(-1);
    ring.release(second);
    expect(ring.held).toBe(1608);
    expect(kernel.put(record(3, 400))).toBeGreaterThan(0);
  });
});
