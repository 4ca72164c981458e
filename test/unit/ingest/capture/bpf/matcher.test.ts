import { describe, expect, it } from 'vitest';
import { BpfRing } from '../../../../../src/ingest/capture/bpf/bpf-ring.ts';
import { Exec, ExecFlag, RecordType, Tail } from '../../../../../src/ingest/capture/bpf/layout.ts';
import { RecordMatcher } from '../../../../../src/ingest/capture/bpf/matcher.ts';
import { execRecord, exitRecord, forkRecord, tailRecord } from '../../../../helpers/bpf-records.ts';
import { FakeBpfRing } from '../../../../helpers/fake-bpf.ts';

function machine({ bytes = 1 << 16, places = 512 } = {}) {
  const kernel = new FakeBpfRing(bytes);
  const ring = new BpfRing(kernel);
  const matcher = new RecordMatcher(ring, places);
  const look = (...records: readonly Buffer[]): void => {
    for (const record of records) kernel.put(record);
    matcher.release();
    ring.look();
    matcher.note();
  };
  return { kernel, matcher, look };
}

const argsOf = (record: { bytes: Buffer; argsAt: number; u32(at: number): number } | undefined): string | undefined =>
  record?.bytes.toString('utf8', record.argsAt, record.argsAt + record.u32(Exec.ARGS_BYTES));

describe('an EXEC event', () => {
  it('gets the record of its process, once', () => {
    const { matcher, look } = machine();
    look(execRecord({ tgid: 7, stampNs: 100, args: Buffer.from('a\0') }), execRecord({ tgid: 8, stampNs: 101, args: Buffer.from('b\0') }));
    expect(argsOf(matcher.takeExec(8, 105))).toBe('b\0');
    expect(argsOf(matcher.takeExec(7, 105))).toBe('a\0');
    expect(matcher.takeExec(7, 105)).toBeUndefined();
    expect(matcher.counters).toMatchObject({ execs: 2, matched: 2, unmatched: 1 });
  });

  it('gets the right one of two that its process made within one batch, in the order of the events', () => {
    const { matcher, look } = machine();
    look(
      execRecord({ tgid: 7, stampNs: 100, args: Buffer.from('sh\0') }),
      execRecord({ tgid: 7, stampNs: 200, args: Buffer.from('cat\0') }),
    );
    expect(argsOf(matcher.takeExec(7, 101))).toBe('sh\0');
    expect(argsOf(matcher.takeExec(7, 201))).toBe('cat\0');
  });

  it('gets the newest when the events of the others were lost, and those are left over', () => {
    const { matcher, look } = machine();
    look(
      execRecord({ tgid: 7, stampNs: 100, args: Buffer.from('sh\0') }),
      execRecord({ tgid: 7, stampNs: 200, args: Buffer.from('cat\0') }),
    );
    expect(argsOf(matcher.takeExec(7, 201))).toBe('cat\0');
    const leftover = matcher.takeLeftover(1000);
    expect(leftover?.kind === 'EXEC' && argsOf(leftover.record)).toBe('sh\0');
    expect(matcher.takeLeftover(1000)).toBeUndefined();
  });

  it('never gets a record that was made after it', () => {
    const { matcher, look } = machine();
    look(execRecord({ tgid: 7, stampNs: 100 }));
    expect(matcher.takeExec(7, 99)).toBeUndefined();
    expect(matcher.takeExec(7, 100)).toBeDefined();
  });

  it('gets the end of its long arguments, and not that of another', () => {
    const { matcher, look } = machine();
    const text = (content: string): Buffer => Buffer.from(content);
    look(
      tailRecord({ tgid: 7, stampNs: 100, text: text('one') }),
      execRecord({ tgid: 7, stampNs: 100, flags: ExecFlag.ARGS_TAIL }),
      tailRecord({ tgid: 7, stampNs: 200, text: text('two') }),
      execRecord({ tgid: 7, stampNs: 200, flags: ExecFlag.ARGS_TAIL }),
      tailRecord({ tgid: 7, stampNs: 250, text: text('of an exec that found no room') }),
      execRecord({ tgid: 7, stampNs: 300, flags: ExecFlag.ARGS_TAIL }),
    );
    const tails = [101, 201, 301].map((stampNs) => {
      const { tail } = matcher.takeExec(7, stampNs)!;
      return tail.length === 0 ? '' : tail.bytes.toString('utf8', tail.at + Tail.TEXT, tail.at + Tail.TEXT + tail.u32(Tail.BYTES));
    });
    expect(tails).toEqual(['one', 'two', '']);
    expect(matcher.counters).toMatchObject({ execs: 3, tails: 3 });
  });
});

describe('a FORK event', () => {
  it('gets the first record after it: the pid may have been used again since', () => {
    const { matcher, look } = machine();
    look(forkRecord({ tgid: 7, stampNs: 100, parent: 1 }), forkRecord({ tgid: 7, stampNs: 900, parent: 2 }));
    expect(matcher.takeFork(7, 99)?.stampNs).toBe(100);
    expect(matcher.takeFork(7, 899)?.stampNs).toBe(900);
  });

  it('whose record is not there yet gets it after the next look', () => {
    const { matcher, look } = machine();
    look();
    expect(matcher.takeFork(7, 99)).toBeUndefined();
    look(forkRecord({ tgid: 7, stampNs: 100 }));
    expect(matcher.takeFork(7, 99)?.stampNs).toBe(100);
  });
});

describe('a FORK record that comes after its event has asked', () => {
  it('is no leftover, for nothing was lost', () => {
    const { matcher, look } = machine();
    expect(matcher.takeFork(7, 99)).toBeUndefined();
    look(forkRecord({ tgid: 7, stampNs: 130, startMonotonicNs: 98 }));
    expect(matcher.takeLeftover(1000)).toBeUndefined();
    expect(matcher.counters).toMatchObject({ late: 1, recovered: 0 });
  });

  it('is given out as late, once, and gives its room back', () => {
    const { kernel, matcher, look } = machine();
    expect(matcher.takeFork(7, 99)).toBeUndefined();
    look(forkRecord({ tgid: 7, stampNs: 130, startMonotonicNs: 98 }), forkRecord({ tgid: 8, stampNs: 131, startMonotonicNs: 98 }));
    expect(matcher.takeLateFork()).toMatchObject({ tgid: 7, stampNs: 130 });
    expect(matcher.takeLateFork()).toBeUndefined();
    expect(matcher.takeFork(8, 99)).toBeDefined();
    look();
    expect(kernel.consumed).toBe(kernel.produced);
    expect(matcher.takeLeftover(1000)).toBeUndefined();
    expect(matcher.counters).toMatchObject({ forks: 2, matched: 1, late: 1, recovered: 0 });
  });

  it('is not late when its event asks again, and nobody else gets it', () => {
    const { matcher, look } = machine();
    expect(matcher.takeFork(7, 99)).toBeUndefined();
    look(forkRecord({ tgid: 7, stampNs: 130, startMonotonicNs: 98 }));
    expect(matcher.takeFork(7, 99)).toBeDefined();
    expect(matcher.takeLateFork()).toBeUndefined();
    look(forkRecord({ tgid: 7, stampNs: 230, startMonotonicNs: 98 }));
    expect(matcher.takeLateFork()).toBeUndefined();
    expect(matcher.counters).toMatchObject({ matched: 1, late: 0 });
  });

  it('is nobody’s when what was taken is void', () => {
    const { matcher, look } = machine();
    expect(matcher.takeFork(7, 99)).toBeUndefined();
    look(forkRecord({ tgid: 7, stampNs: 130, startMonotonicNs: 98 }));
    matcher.forget();
    expect(matcher.takeLateFork()).toBeUndefined();
  });

  it('is told from that of a later process with the same pid, whose event was lost', () => {
    const { matcher, look } = machine();
    expect(matcher.takeFork(7, 99)).toBeUndefined();
    look(forkRecord({ tgid: 7, stampNs: 900, startMonotonicNs: 899 }));
    expect(matcher.takeLeftover(1000)).toMatchObject({ kind: 'FORK' });
  });

  it('is remembered for a bounded number of events', () => {
    const { matcher, look } = machine();
    for (let tgid = 1; tgid <= 1025; tgid += 1) expect(matcher.takeFork(tgid, 99)).toBeUndefined();
    look(forkRecord({ tgid: 1, stampNs: 130 }), forkRecord({ tgid: 2, stampNs: 130 }));
    expect(matcher.takeLeftover(1000)?.record.tgid).toBe(1);
    expect(matcher.takeLeftover(1000)).toBeUndefined();
  });
});

describe('an EXIT event', () => {
  it('gets the later of two records of one end, and the other is no leftover', () => {
    const { matcher, look } = machine();
    look(
      exitRecord({ tgid: 7, stampNs: 100, startBootNs: 5, numbers: { TOTAL: 1 } }),
      exitRecord({ tgid: 7, stampNs: 110, startBootNs: 5, numbers: { TOTAL: 2 } }),
    );
    expect(matcher.takeExit(7, 120)?.stampNs).toBe(110);
    expect(matcher.takeLeftover(1000)).toBeUndefined();
    expect(matcher.counters).toMatchObject({ exits: 2, matched: 1, duplicates: 1, recovered: 0 });
  });

  it('leaves the end of an earlier process of its pid alone', () => {
    const { matcher, look } = machine();
    look(exitRecord({ tgid: 7, stampNs: 100, startBootNs: 5 }), exitRecord({ tgid: 7, stampNs: 200, startBootNs: 150 }));
    expect(matcher.takeExit(7, 220)?.stampNs).toBe(200);
    expect(matcher.takeLeftover(1000)).toMatchObject({ kind: 'EXIT', record: { stampNs: 100 } });
  });
});

describe('what nobody took', () => {
  it('is left over when all events from before have been heard, oldest first, each once', () => {
    const { matcher, look } = machine();
    look(
      forkRecord({ tgid: 1, stampNs: 10 }),
      execRecord({ tgid: 1, stampNs: 20 }),
      exitRecord({ tgid: 1, stampNs: 30 }),
      forkRecord({ tgid: 2, stampNs: 40 }),
    );
    const left = [];
    for (let one = matcher.takeLeftover(40); one !== undefined; one = matcher.takeLeftover(40)) left.push([one.kind, one.record.stampNs]);
    expect(left).toEqual([
      ['FORK', 10],
      ['EXEC', 20],
      ['EXIT', 30],
    ]);
    expect(matcher.counters.recovered).toBe(3);
    expect(matcher.takeFork(2, 39)).toBeDefined();
  });

  it('does not include the end of arguments whose exec found no room', () => {
    const { matcher, look } = machine();
    look(tailRecord({ tgid: 7, stampNs: 100, text: Buffer.alloc(100) }));
    expect(matcher.takeLeftover(1000)).toBeUndefined();
    look();
    expect(matcher.heldBytes).toBe(0);
  });

  it('keeps its room in the ring until it is taken', () => {
    const { kernel, matcher, look } = machine({ bytes: 4096 });
    look(forkRecord({ tgid: 1, stampNs: 10 }), execRecord({ tgid: 2, stampNs: 20 }));
    expect(matcher.takeExec(2, 30)).toBeDefined();
    look();
    expect(kernel.consumed).toBe(0);
    expect(matcher.takeFork(1, 9)).toBeDefined();
    look();
    expect(kernel.consumed).toBe(kernel.produced);
  });

  it('stays in the ring unseen when more wait than there are places, and nothing is lost', () => {
    const { matcher, look } = machine({ places: 8 });
    look(...Array.from({ length: 20 }, (_, i) => forkRecord({ tgid: i + 1, stampNs: 10 + i })));
    const seen: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      for (let one = matcher.takeLeftover(1000); one !== undefined; one = matcher.takeLeftover(1000)) seen.push(one.record.tgid);
      look();
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('is forgotten before its memory goes', () => {
    const { matcher, look } = machine();
    look(execRecord({ tgid: 7, stampNs: 100 }));
    matcher.forget();
    expect(matcher.takeExec(7, 200)).toBeUndefined();
    expect(matcher.takeLeftover(1000)).toBeUndefined();
  });
});

it('records of other kinds do not get in each other’s way', () => {
  const { matcher, look } = machine();
  look(exitRecord({ tgid: 7, stampNs: 100 }), forkRecord({ tgid: 7, stampNs: 101 }), execRecord({ tgid: 7, stampNs: 102 }));
  expect(matcher.takeExec(7, 500)?.type).toBe(RecordType.EXEC);
  expect(matcher.takeFork(7, 0)?.type).toBe(RecordType.FORK);
  expect(matcher.takeExit(7, 500)?.type).toBe(RecordType.EXIT);
});
