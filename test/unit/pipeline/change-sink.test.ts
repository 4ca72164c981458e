import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../src/core/errors.ts';
import { imbalances } from '../../../src/core/ledger.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { change, hanging, onto, refusing, started, through } from './changing.ts';
import { event, heard, lane, never, recorder } from './fixtures.ts';
import type { FakeSink } from './fixtures.ts';

describe('a changed lane', () => {
  test('goes on with the new sink where the old one was closed before, each event once', async () => {
    const log: string[] = [];
    const [before, after] = [recorder(), recorder()];
    const lanes = [lane('a', before, log)] as [Lane];
    const { source, pipeline, running } = await started(lanes, log);
    source.hear(heard(1));
    await through(before, 2);
    const to = onto(lanes[0], after, log);
    await pipeline.change(change({ changed: [{ from: lanes[0], to, again: () => lanes[0] }] }), never);
    source.hear(heard(2));
    await through(after, 4);
    pipeline.stop();
    await running;
    expect([before.written, after.written]).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    expect(log).toEqual(['open a', 'open source', 'close a', "open a'", 'close source', "close a'"]);
    expect(to.ledger).toMatchObject({ sequenced: 5, delivered: 5, waiting: 0 });
  });

  test('what the old sink does not answer for goes to the new one, and what it did take of a batch does not', async () => {
    const after = recorder();
    const written: number[] = [];
    // Takes records up to the third and hangs with the rest, one by one.
    const slow: FakeSink = {
      written,
      write: (batch, signal) => {
        const [{ sequence } = { sequence: 0 }] = batch.items;
        if (sequence > 3) return hanging().write(batch, signal);
        written.push(sequence);
        return Promise.resolve();
      },
    };
    const policy = { batch: { maxEvents: 1, maxBytes: 1e6, lingerMs: 0 }, retry: { initialMs: 1, maxMs: 1 }, holdMs: 1 };
    const lanes = [{ ...lane('a', slow, []), policy }] as [Lane];
    const { source, pipeline, running } = await started(lanes);
    source.hear(heard(1), heard(2), heard(3), heard(4), heard(5), heard(6));
    await through(slow, 3);
    const to = { ...onto(lanes[0], after), policy: { ...policy, batch: null } };
    await pipeline.change(change({ changed: [{ from: lanes[0], to, again: () => lanes[0] }] }), never);
    await through(after, 7, 8);
    pipeline.stop();
    await running;
    expect(written).toEqual([1, 2, 3]);
    expect(after.written.toSorted((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(to.ledger).toMatchObject({ sequenced: 9, delivered: 9, waiting: 0 });
    expect(to.queue.depth).toEqual({ events: 0, bytes: 0 });
  });

  test('whose sink was refused delivers with the new one, and says so', async () => {
    const after = recorder();
    const refused: FakeSink = { written: [], write: () => Promise.reject(new AgentError('SINK_REFUSED', 'wrong password')) };
    const lanes = [lane('a', refused, [])] as [Lane];
    const { pipeline, running, notes } = await started(lanes);
    await waitFor(() => notes.includes('down a'), { what: 'a sink that is down', timeoutMs: 5000 });
    await pipeline.change(change({ changed: [{ from: lanes[0], to: onto(lanes[0], after), again: () => lanes[0] }] }), never);
    await through(after, 1, 2);
    await waitFor(() => notes.includes('up a'), { what: 'a sink that is up', timeoutMs: 5000 });
    expect(notes).toEqual(['down a', 'up a']);
    expect(pipeline.sinkStates.get('a')).toMatchObject({ circuit: 'closed', lastError: null });
    pipeline.stop();
    await running;
  });

  test('whose new sink does not open goes on with the old one, made again', async () => {
    const log: string[] = [];
    const [before, again] = [recorder(), recorder()];
    const lanes = [lane('a', before, log)] as [Lane];
    const { source, pipeline, running } = await started(lanes, log);
    await through(before, 1);
    const fails = change({
      changed: [{ from: lanes[0], to: onto(lanes[0], refusing(), log), again: () => onto(lanes[0], again, log) }],
      added: [lane('b', recorder(), log)],
    });
    await expect(pipeline.change(fails, never)).rejects.toThrow('no disk');
    source.hear(heard(1));
    await through(again, 2);
    expect(log).toEqual(['open a', 'open source', 'open b', 'close a', "open a'", "close a'", "open a'", 'close b']);
    const last = recorder();
    await pipeline.change(change({ changed: [{ from: lanes[0], to: onto(lanes[0], last, log), again: () => lanes[0] }] }), never);
    pipeline.stop();
    await running;
    expect([before.written, again.written, last.written]).toEqual([[1], [2], [3, 4]]);
  });

  test('whose old sink does not open again either keeps its events until it does', async () => {
    const before = recorder();
    const policy = { batch: null, retry: { initialMs: 1, maxMs: 1 }, holdMs: 1 };
    const lanes = [{ ...lane('a', before, []), policy }] as [Lane];
    const { source, pipeline, running, notes } = await started(lanes);
    await through(before, 1);
    const mended = recorder();
    let attempts = 0;
    const again = (): Lane => onto(lanes[0], (attempts += 1) < 4 ? refusing() : mended);
    const fails = change({ changed: [{ from: lanes[0], to: onto(lanes[0], refusing('no new disk')), again }] });
    await expect(pipeline.change(fails, never)).rejects.toThrow('no new disk');
    source.hear(heard(1));
    await through(mended, 2);
    pipeline.stop();
    await running;
    expect(mended.written).toEqual([2, 3]);
    expect(notes).toContain('down a');
    expect(imbalances(lanes[0].ledger)).toEqual([]);
  });

  test('whose old sink does not close well is said, and changed', async () => {
    const [before, after] = [recorder(), recorder()];
    const original = lane('a', before, []);
    const lanes = [{ ...original, sink: { ...original.sink, close: () => Promise.reject(new Error('disk gone')) } }] as [Lane];
    const { pipeline, running, notes } = await started(lanes);
    await pipeline.change(change({ changed: [{ from: lanes[0], to: onto(lanes[0], after), again: () => lanes[0] }] }), never);
    pipeline.stop();
    await running;
    expect(notes).toContain('close failed: disk gone');
    expect([...before.written, ...after.written]).toEqual([1, 2, 3]);
  });
});

describe('a stop', () => {
  test('while a lane is being added ends that, and the rest is delivered', async () => {
    const log: string[] = [];
    const old = recorder();
    const { pipeline, running } = await started([lane('old', old, log)], log);
    const never1 = lane('never', recorder(), log);
    let opening = false;
    const open = (signal: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => {
        opening = true;
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    const adding = pipeline.change(change({ added: [{ ...never1, sink: { ...never1.sink, open } }] }), never);
    await waitFor(() => opening, { what: 'it to open', timeoutMs: 5000 });
    pipeline.stop();
    await expect(adding).rejects.toMatchObject({ code: 'STOPPED_EARLY' });
    await running;
    expect(old.written).toEqual([1, 2]);
    expect(log).toContain('close never');
    await expect(pipeline.change(change({}), never)).rejects.toMatchObject({ code: 'STOPPED_EARLY' });
    await pipeline.publish((emit) => emit(event('RELOAD', 'agent')));
    expect(old.written).toEqual([1, 2]);
  });

  test('while a changed lane rests loses nothing of what waits', async () => {
    const [before, after] = [hanging(), recorder()];
    const lanes = [lane('a', before, [])] as [Lane];
    const { source, pipeline, running } = await started(lanes);
    source.hear(heard(1));
    await waitFor(() => before.asked > 0, { what: 'a write', timeoutMs: 5000 });
    const changing = pipeline.change(
      change({ changed: [{ from: lanes[0], to: onto(lanes[0], after), again: () => onto(lanes[0], after) }] }),
      never,
    );
    pipeline.stop();
    await changing.catch((error: unknown) => expect(error).toMatchObject({ code: 'STOPPED_EARLY' }));
    await running;
    expect(after.written.toSorted((a, b) => a - b)[0]).toBe(1);
    expect(after.written).toHaveLength(lanes[0].ledger.sequenced);
    expect(imbalances(lanes[0].ledger)).toEqual([]);
  });

  test('follows a change that is being made: STOP is last everywhere', async () => {
    const [old, added] = [recorder(), recorder()];
    const { pipeline, running } = await started([lane('old', old, [])]);
    const adding = pipeline.change(change({ added: [lane('new', added, [])] }), never).catch(() => undefined);
    await Promise.resolve();
    pipeline.stop();
    await Promise.all([adding, running]);
    expect(old.written.at(-1)).toBe(old.written.length);
    if (added.written.length > 0) expect(added.written).toEqual([2, 3]);
  });
});
