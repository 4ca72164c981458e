import { beforeEach, describe, expect, it } from 'vitest';
import { ENTRY_BYTES, Entry } from '../../../../src/enrich/table/entry.ts';
import { newImage, type Image } from '../../../../src/enrich/table/image.ts';
import { ProcessTable } from '../../../../src/enrich/table/process-table.ts';

const S = 1e9;
const newTable = (limits: { maxProcesses?: number; maxBytes?: number; maxExited?: number } = {}) =>
  new ProcessTable({ maxProcesses: 3, maxBytes: 1e9, exitTtlMs: 10_000, ...limits });
const imageOf = (size: number): Image =>
  newImage({
    execId: null,
    exe: null,
    cwd: null,
    envStart: 0,
    argv: { args: ['x'], argsBytes: size, truncated: false, argsRaw: null, keptBytes: size },
  });

describe('process table', () => {
  let table: ProcessTable;
  beforeEach(() => {
    table = newTable();
  });
  const add = (pid: number, parent: Entry | null = null): Entry => {
    const entry = new Entry(pid, Buffer.alloc(16));
    entry.parent = parent;
    table.insert(entry);
    return entry;
  };

  it('keeps an exited process for its time and not longer', () => {
    const entry = add(1);
    table.exit(entry, 5 * S);
    table.sweep(14.9 * S);
    expect(table.get(1)).toBe(entry);
    table.sweep(15 * S);
    expect(table.get(1)).toBeUndefined();
    expect(table.counters.expired).toBe(1);
  });

  it('forgets by the time of events when nobody sweeps', () => {
    table.exit(add(1), 5 * S);
    table.exit(add(2), 16 * S);
    expect([table.get(1), table.size]).toEqual([undefined, 1]);
  });

  it('gives up the oldest exit first, and no living process for an exited one', () => {
    const [first, second] = [add(1), add(2)];
    add(3);
    table.exit(second, 1 * S);
    table.exit(first, 2 * S);
    add(4);
    expect([1, 2, 3, 4].map((pid) => table.get(pid) !== undefined)).toEqual([true, false, true, true]);
    add(5);
    expect([1, 3, 4, 5].map((pid) => table.get(pid) !== undefined)).toEqual([false, true, true, true]);
    expect(table.counters).toMatchObject({ evictedExited: 2, evictedLiving: 0 });
  });

  it('keeps no more exited processes than it may, however much room there is', () => {
    table = newTable({ maxProcesses: 1000, maxExited: 2 });
    for (const pid of [1, 2, 3, 4]) add(pid);
    for (const pid of [1, 2, 3]) table.exit(table.get(pid) as Entry, pid * S);
    expect([1, 2, 3, 4].map((pid) => table.get(pid) !== undefined)).toEqual([false, true, true, true]);
    expect(table.counters).toMatchObject({ evictedExited: 1, evictedLiving: 0 });
    table.revive(table.get(2) as Entry);
    table.exit(table.get(4) as Entry, 4 * S);
    expect([2, 3, 4].map((pid) => table.get(pid) !== undefined)).toEqual([true, true, true]);
  });

  it('gives up the least recently heard of when all are living', () => {
    const first = add(1);
    add(2);
    add(3);
    table.touch(first);
    add(4);
    expect([1, 2, 3, 4].map((pid) => table.get(pid) !== undefined)).toEqual([true, false, true, true]);
    expect(table.counters).toMatchObject({ evictedExited: 0, evictedLiving: 1 });
  });

  it('cuts what leaves off from its parent, so that chains of dead ancestors keep nothing', () => {
    table = newTable({ maxProcesses: 1000 });
    let last: Entry | null = null;
    for (let pid = 1; pid <= 100; pid++) {
      const entry = add(pid, last);
      if (last !== null) table.exit(last, pid * S);
      last = entry;
    }
    let held = 0;
    for (let entry = last; entry !== null; entry = entry.parent) held++;
    expect(held).toBeLessThanOrEqual(12);
    expect(table.size).toBeLessThanOrEqual(11);
  });

  it('takes no parent and no image into what has left', () => {
    const former = add(1);
    former.ppid = 7;
    add(1);
    table.setImage(former, imageOf(1000));
    expect([former.ppid, former.parent, former.image, table.bytes]).toEqual([0, null, null, ENTRY_BYTES]);
  });

  it('lets the former holder of a pid go', () => {
    const former = add(1);
    const next = add(1);
    expect([table.get(1), table.size, former.whereabouts]).toEqual([next, 1, 'evicted']);
  });

  it('brings a process back that was not dead', () => {
    const entry = add(1);
    table.exit(entry, 1 * S);
    table.revive(entry);
    table.sweep(100 * S);
    expect([table.get(1), entry.whereabouts]).toEqual([entry, 'living']);
  });

  it('counts a shared image once, and gives its bytes back with the last that runs it', () => {
    const image = imageOf(1000);
    const [one, two] = [add(1), add(2)];
    table.setImage(one, image);
    table.setImage(two, image);
    expect(table.bytes).toBe(2 * ENTRY_BYTES + image.bytes);
    table.setImage(one, null);
    expect(table.bytes).toBe(2 * ENTRY_BYTES + image.bytes);
    table.exit(two, 1 * S);
    table.sweep(100 * S);
    expect(table.bytes).toBe(ENTRY_BYTES);
  });

  it('is bounded in bytes: long arguments of the dead go first', () => {
    table = newTable({ maxProcesses: 1000, maxBytes: 100_000 });
    const living = add(1);
    table.setImage(living, imageOf(30_000));
    for (let pid = 2; pid < 100; pid++) {
      const entry = add(pid);
      table.setImage(entry, imageOf(30_000));
      table.exit(entry, 1 * S);
      expect(table.bytes).toBeLessThanOrEqual(100_000);
    }
    expect(table.get(1)).toBe(living);
    expect(table.counters.evictedLiving).toBe(0);
  });
});
