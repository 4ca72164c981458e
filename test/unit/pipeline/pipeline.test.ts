import { describe, expect, test } from 'vitest';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import type { Batch } from '../../../src/core/batch.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { imbalances } from '../../../src/core/ledger.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import { ScriptedSource, build, event, heard, lane, never, recorder } from './fixtures.ts';
import type { FakeSink } from './fixtures.ts';

describe('the order of things', () => {
  test('sinks open before the source and close after it; START is first and STOP last', async () => {
    const log: string[] = [];
    const sink = recorder();
    const { pipeline } = build([[heard(1), heard(2)], [heard(3)]], [lane('a', sink, log)], log);
    await pipeline.start(never);
    const running = pipeline.run();
    pipeline.stop();
    await running;
    expect(log).toEqual(['open a', 'open source', 'close source', 'close a']);
    expect(sink.written).toEqual([1, 2, 3, 4, 5]);
    expect(pipeline.state).toBe('stopped');
  });

  test('what was counted and not told comes after everything heard and before STOP', async () => {
    const log: string[] = [];
    const kinds: string[] = [];
    const sink = recorder();
    const watched = { ...sink, write: async (batch: Batch<Encoded>) => void kinds.push(...batch.items.map(({ kind }) => kind)) };
    const finish = (emit: (any: AnyEvent) => void): void => {
      emit(event('THROTTLE', 'agent'));
      emit(event('THROTTLE', 'agent'));
    };
    const { pipeline } = build([[heard(1)]], [lane('a', watched, log)], log, { finish });
    await pipeline.start(never);
    const running = pipeline.run();
    pipeline.stop();
    await running;
    expect(kinds).toEqual(['START', 'SID', 'THROTTLE', 'THROTTLE', 'STOP']);
  });

  test('what nothing heard gave rise to is published in its turn, and has a place in the books', async () => {
    const log: string[] = [];
    const sink = recorder();
    const lanes = [lane('a', sink, log)];
    const { pipeline } = build([], lanes, log);
    await pipeline.start(never);
    const running = pipeline.run();
    await pipeline.publish((emit) => {
      emit(event('THROTTLE', 'agent'));
      emit(event('THROTTLE', 'agent'));
    });
    expect(lanes[0]?.ledger.accepted).toBe(3);
    pipeline.stop();
    await running;
    expect(sink.written).toEqual([1, 2, 3, 4]);
  });

  test('a sink that does not open fails the start with its error, and what was opened is closed', async () => {
    const log: string[] = [];
    const broken = { ...recorder(), open: (): Promise<void> => Promise.reject(new AgentError('FILE_IO', 'no disk')) };
    const { pipeline } = build([], [lane('a', recorder(), log), lane('b', broken, log)], log);
    await expect(pipeline.start(never)).rejects.toThrow('no disk');
    expect(log).toEqual(['open a', 'open b', 'close b', 'close a']);
    expect(pipeline.state).toBe('failed');
  });
});

describe('isolation and books', () => {
  test('a dead sink takes nothing from another, and its books say what was lost to the shutdown', async () => {
    const log: string[] = [];
    const good = recorder();
    const dead: FakeSink = { written: [], write: () => Promise.reject(new AgentError('FILE_IO', 'disk gone')) };
    const lanes = [lane('dead', dead, log), lane('good', good, log)];
    const { pipeline, notes } = build([[heard(1), heard(2)]], lanes, log, { shutdownTimeoutMs: 50 });
    await pipeline.start(never);
    const running = pipeline.run();
    pipeline.stop();
    await expect(running).rejects.toMatchObject({ code: 'SHUTDOWN_INCOMPLETE' });
    expect(good.written).toEqual([1, 2, 3, 4]);
    expect(lanes[0]?.ledger.lost).toEqual({ shutdown: 4 });
    expect(notes).toContain('down dead');
    const told = notes.flatMap((note) => /^lost dead (\d+)$/.exec(note)?.[1] ?? []);
    expect(told.reduce((sum, events) => sum + Number(events), 0)).toBe(4);
    for (const { ledger } of lanes) expect(imbalances(ledger)).toEqual([]);
  });

  test('a write that fails for a while is repeated with the same batch until it succeeds', async () => {
    const log: string[] = [];
    let failures = 3;
    const seen: unknown[] = [];
    const written: number[] = [];
    const flaky: FakeSink = {
      written,
      write: async (batch) => {
        if (failures > 0) {
          failures -= 1;
          seen.push(pipeline.sinkStates.get('flaky')?.circuit);
          throw new AgentError('FILE_IO', 'busy');
        }
        written.push(...batch.items.map((item) => item.sequence));
      },
    };
    const lanes = [lane('flaky', flaky, log)];
    const { pipeline, notes } = build([[heard(1)]], lanes, log);
    await pipeline.start(never);
    const running = pipeline.run();
    pipeline.stop();
    await running;
    expect(written.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(notes).toEqual(['down flaky', 'up flaky']);
    expect(seen[0]).toBe('closed');
    expect(seen.at(-1)).toBe('retrying');
    expect(pipeline.sinkStates.get('flaky')).toMatchObject({ circuit: 'closed', attempts: 0, lastError: null });
    expect(imbalances((lanes[0] as Lane).ledger)).toEqual([]);
  });

  test('what the agent says of itself passes every filter', async () => {
    const log: string[] = [];
    const lanes = [lane('f', recorder(), log, { wants: () => false })];
    const { pipeline } = build([[heard(1)]], lanes, log);
    await pipeline.start(never);
    const running = pipeline.run();
    pipeline.stop();
    await running;
    expect(lanes[0]?.ledger).toMatchObject({ sequenced: 3, filtered: 1, delivered: 2 });
  });

  test('a filter, a full queue and a record that cannot be encoded are each counted as such', async () => {
    const log: string[] = [];
    const sink = recorder();
    const filtered = lane('f', sink, log, { wants: (kind) => kind !== 'SID' });
    const full: Lane = {
      ...lane('full', recorder(), log),
      enqueue: async (batch) => {
        full.ledger.dropped['queue_full'] = (full.ledger.dropped['queue_full'] ?? 0) + batch.items.length;
        return false;
      },
    };
    const { pipeline, notes } = build([[heard(1), { ...heard(2), kind: 'UID', real: 1, effective: 1 }, heard(-1)]], [filtered, full], log);
    await pipeline.start(never);
    const running = pipeline.run();
    pipeline.stop();
    await running;
    expect(filtered.ledger).toMatchObject({ sequenced: 4, filtered: 1, dropped: { unencodable: 1 }, accepted: 2, delivered: 2 });
    expect(full.ledger).toMatchObject({ sequenced: 4, dropped: { unencodable: 1, queue_full: 3 }, accepted: 0 });
    expect(notes).toEqual(['RECORD_UNENCODABLE']);
    for (const { ledger } of [filtered, full]) expect(imbalances(ledger)).toEqual([]);
  });
});

describe('failure', () => {
  test('a source that fails ends the run with its error after everything was delivered, and the stream says so', async () => {
    const log: string[] = [];
    const sink = recorder();
    const source = new ScriptedSource([[heard(1)]], log);
    source.failure = new AgentError('WORKER_DIED', 'gone');
    const { pipeline } = build([], [lane('a', sink, log)], log, { source });
    await pipeline.start(never);
    await expect(pipeline.run()).rejects.toThrow('gone');
    expect(sink.written).toEqual([1, 2, 3]);
    expect(pipeline.state).toBe('failed');
  });

  test('a source that ends by itself arms the deadline too', async () => {
    const log: string[] = [];
    const dead: FakeSink = { written: [], write: () => Promise.reject(new AgentError('FILE_IO', 'disk gone')) };
    const source = new ScriptedSource([[heard(1)]], log);
    source.failure = new AgentError('WORKER_DIED', 'gone');
    const { pipeline } = build([], [lane('dead', dead, log)], log, { source, shutdownTimeoutMs: 50 });
    await pipeline.start(never);
    await expect(pipeline.run()).rejects.toThrow('gone');
  });

  test('a stop that comes while it starts ends the start', async () => {
    const log: string[] = [];
    const slow: FakeSink & { open: () => Promise<void> } = { ...recorder(), open: () => new Promise(() => undefined) };
    const opening = lane('slow', slow, log);
    const aborted = {
      ...opening,
      sink: {
        ...opening.sink,
        open: (signal: AbortSignal) =>
          new Promise<void>((_r, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      },
    };
    const { pipeline } = build([], [aborted], log);
    const starting = pipeline.start(never);
    pipeline.stop();
    await expect(starting).rejects.toMatchObject({ code: 'STOPPED_EARLY' });
    expect(log).toEqual(['close slow']);
  });

  test('a stop that comes before the run is not forgotten', async () => {
    const log: string[] = [];
    const sink = recorder();
    const { pipeline } = build([[heard(1)]], [lane('a', sink, log)], log);
    pipeline.stop();
    await pipeline.start(never);
    await pipeline.run();
    expect(sink.written).toEqual([1, 2, 3]);
    expect(pipeline.state).toBe('stopped');
  });

  test('stopping at once still hears and counts what the source has, and hurries it', async () => {
    const log: string[] = [];
    const hanging: FakeSink = {
      written: [],
      write: (_batch, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new AgentError('FILE_IO', 'aborted')))),
    };
    const source = new ScriptedSource([[heard(1)], [heard(2)], [heard(3)]], log);
    Object.assign(source, { hurry: () => log.push('hurry') });
    const lanes = [lane('slow', hanging, log)];
    const { pipeline } = build([], lanes, log, { source });
    await pipeline.start(never);
    const running = pipeline.run();
    pipeline.stop();
    pipeline.stopNow();
    await expect(running).rejects.toMatchObject({ code: 'SHUTDOWN_INCOMPLETE' });
    expect(log).toContain('hurry');
    const { ledger } = lanes[0] as Lane;
    expect(ledger.sequenced).toBe(5);
    expect(ledger.waiting).toBe(0);
    expect(imbalances(ledger)).toEqual([]);
  });

  test('stopping at once does not wait for a sink that hangs', async () => {
    const log: string[] = [];
    const hanging: FakeSink = {
      written: [],
      write: (_batch, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new AgentError('FILE_IO', 'aborted')))),
    };
    const lanes = [lane('slow', hanging, log)];
    const { pipeline } = build([[heard(1)]], lanes, log);
    await pipeline.start(never);
    const running = pipeline.run();
    pipeline.stop();
    pipeline.stopNow();
    await running.catch((error: unknown) => expect(error).toMatchObject({ code: 'SHUTDOWN_INCOMPLETE' }));
    expect(imbalances((lanes[0] as Lane).ledger)).toEqual([]);
    expect((lanes[0] as Lane).ledger.delivered).toBe(0);
  });
});

test('what a queue on disk cannot keep when it closes is no clean end', async () => {
  const kept = { ...lane('kept', recorder(), []), durable: true };
  const { ledger, queue } = kept;
  const close = queue.close.bind(queue);
  queue.close = async () => {
    ledger.lost['shutdown'] = 3;
    await close();
  };
  const { pipeline } = build([], [kept], []);
  await pipeline.start(never);
  const running = pipeline.run();
  pipeline.stop();
  await expect(running).rejects.toMatchObject({ code: 'SHUTDOWN_INCOMPLETE' });
});
