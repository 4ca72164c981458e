import { expect, test } from 'vitest';
import { imbalances } from '../../../src/core/ledger.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { change, onto, started, through } from './changing.ts';
import { build, heard, lane, never, recorder } from './fixtures.ts';
import type { FakeSink } from './fixtures.ts';

/*
 * A call to a disk that hangs cannot be interrupted, and a driver may be wrong: whatever does not let go must hold up neither the end of the agent nor
 * the other sinks.
 */
const FOREVER = new Promise<never>(() => undefined);

/** Writes, and lets go of nothing before it is told to. */
function deaf(): FakeSink & { readonly asked: () => number; readonly release: () => void } {
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  const written: number[] = [];
  const write: FakeSink['write'] = async ({ items }) => {
    asked += 1;
    await gate.promise;
    written.push(...items.map(({ sequence }) => sequence));
  };
  return { written, write, asked: () => asked, release: () => gate.resolve() };
}

const withClose = (base: Lane, close: () => Promise<void>): Lane => ({ ...base, sink: { ...base.sink, close } });

test('a write that never lets go does not keep the agent from ending; the others end well, and the books balance', async () => {
  const log: string[] = [];
  const good = recorder();
  const lanes = [lane('deaf', deaf(), log), lane('good', good, log)];
  const { pipeline } = build([[heard(1)]], lanes, log, { shutdownTimeoutMs: 100 });
  await pipeline.start(never);
  const running = pipeline.run();
  pipeline.stop();
  await expect(running).rejects.toMatchObject({ code: 'SHUTDOWN_INCOMPLETE', message: expect.stringContaining('the sink deaf') as string });
  expect(pipeline.state).toBe('failed');
  expect(good.written).toEqual([1, 2, 3]);
  for (const { ledger } of lanes) expect(imbalances(ledger)).toEqual([]);
  expect(lanes[0]?.ledger).toMatchObject({ lost: { shutdown: 3 }, waiting: 0 });
});

test('a sink that does not close keeps neither the agent from ending nor the others from closing', async () => {
  const log: string[] = [];
  const lanes = [withClose(lane('stuck', recorder(), log), () => FOREVER), lane('good', recorder(), log)];
  const { pipeline } = build([[heard(1)]], lanes, log, { shutdownTimeoutMs: 100 });
  await pipeline.start(never);
  const running = pipeline.run();
  pipeline.stop();
  await expect(running).rejects.toMatchObject({
    code: 'SHUTDOWN_INCOMPLETE',
    message: expect.stringMatching(/let go: the sink stuck$/) as string,
  });
  expect(log).toContain('close good');
});

test('a sink whose opening hangs ends the start soon after its time is over', async () => {
  const log: string[] = [];
  const { pipeline } = build([], [lane('hangs', { ...recorder(), open: () => FOREVER }, log)], log);
  const boot = new AbortController();
  const starting = pipeline.start(boot.signal);
  boot.abort(new Error('too late'));
  await expect(starting).rejects.toThrow('too late');
  expect(log).toContain('close hangs');
});

test('an added sink whose opening hangs fails the reload, and nothing else', async () => {
  const good = recorder();
  const { source, pipeline, running } = await started([lane('good', good, [])]);
  const boot = new AbortController();
  const changing = pipeline.change(change({ added: [lane('hangs', { ...recorder(), open: () => FOREVER }, [])] }), boot.signal);
  boot.abort(new Error('too late'));
  await expect(changing).rejects.toThrow('too late');
  source.hear(heard(1));
  await through(good, 2);
  pipeline.stop();
  await running;
});

test('a sink that does not let go of a write is not exchanged; the others are as before, and it goes on when it can', async () => {
  const [stuck, other, later] = [deaf(), recorder(), recorder()];
  const [a, b] = [lane('a', stuck, []), lane('b', other, [])];
  const { source, pipeline, running } = await started([a, b]);
  await waitFor(() => stuck.asked() > 0, { what: 'a write', timeoutMs: 5000 });
  const exchange = (): Promise<void> => {
    const changed = [a, b].map((from) => ({ from, to: onto(from, later), again: () => from }));
    return pipeline.change(change({ changed }), never);
  };
  await expect(exchange()).rejects.toThrow('the sink a does not let go');
  await expect(exchange()).rejects.toThrow('the sink a does not let go');
  source.hear(heard(1));
  await through(other, 1, 2);
  stuck.release();
  await through(stuck, 1, 2);
  await exchange();
  source.hear(heard(2));
  await through(later, 4);
  pipeline.stop();
  await running;
  expect([stuck.written, other.written]).toEqual([
    [1, 2],
    [1, 2],
  ]);
  for (const { ledger } of [a, b]) expect(imbalances(ledger)).toEqual([]);
}, 30_000);

test('a sink that does not close is exchanged all the same, and that is told', async () => {
  const after = recorder();
  const from = withClose(lane('a', recorder(), []), () => FOREVER);
  const { source, pipeline, running, notes } = await started([from]);
  await pipeline.change(change({ changed: [{ from, to: onto(from, after), again: () => from }] }), never);
  expect(notes).toEqual(['close failed: a does not close within 10 s']);
  source.hear(heard(1));
  await through(after, 3);
  pipeline.stop();
  await running;
}, 30_000);
