import { describe, expect, it } from 'vitest';
import { Entry } from '../../../../src/enrich/table/entry.ts';
import { ProcessTable } from '../../../../src/enrich/table/process-table.ts';
import { setThreadCount, threadExited, threadForked } from '../../../../src/enrich/table/threads.ts';

const COUNTED_NS = 5_000_000_000;

function counted(threads: number): Entry {
  const entry = new Entry(60, Buffer.alloc(16));
  const table = new ProcessTable({ maxProcesses: 10, maxBytes: 1e6, exitTtlMs: 1000, maxExited: 10 });
  setThreadCount(table, entry, { threads, atNs: COUNTED_NS });
  return entry;
}

describe('threads counted at a moment', () => {
  it('contain one that was forked shortly before', () => {
    const entry = counted(3);
    threadForked(entry, COUNTED_NS - 1000);
    expect(entry.threads).toBe(3);
  });

  it('do not contain one that was forked shortly after', () => {
    const entry = counted(3);
    threadForked(entry, COUNTED_NS + 1000);
    expect(entry.threads).toBe(4);
  });

  it('lack one that exited shortly before, and lose one that exits shortly after', () => {
    const entry = counted(3);
    threadExited(entry, COUNTED_NS - 1000);
    expect(entry.threads).toBe(3);
    threadExited(entry, COUNTED_NS + 1000);
    expect(entry.threads).toBe(2);
  });
});
