import { describe, expect, test } from 'vitest';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import { imbalances } from '../../../src/core/ledger.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { change, hanging, newAccount, refusing, started, through } from './changing.ts';
import { event, heard, lane, never, recorder } from './fixtures.ts';

describe('an added lane', () => {
  test('gets everything from the change on, which it hears of first, and states its account from there', async () => {
    const [old, added] = [recorder(), recorder()];
    const { source, pipeline, running, stated } = await started([lane('old', old, [])]);
    source.hear(heard(1), heard(2));
    await through(old, 3);
    const late = lane('late', added, [], { account: newAccount() });
    await pipeline.change(change({ added: [late] }), never);
    source.hear(heard(3));
    await through(added, 5);
    pipeline.stop();
    await running;
    expect(old.written).toEqual([1, 2, 3, 4, 5, 6]);
    expect(added.written).toEqual([4, 5, 6, 0]);
    expect(stated).toMatchObject([{ checkpoint_no: 1, from_sequence: 4, to_sequence: 6, accepted: 3 }]);
    expect(late.ledger).toMatchObject({ from: 4, to: null, sequenced: 3, delivered: 3 });
    expect(imbalances(late.ledger)).toEqual([]);
  });

  test('that does not open leaves everything as it was, and what was opened with it is closed', async () => {
    const log: string[] = [];
    const old = recorder();
    const { source, pipeline, running } = await started([lane('old', old, log)], log);
    const adding = pipeline.change(change({ added: [lane('a', recorder(), log), lane('b', refusing(), log)] }), never);
    await expect(adding).rejects.toThrow('no disk');
    source.hear(heard(1));
    await through(old, 2);
    expect(log).toEqual(['open old', 'open source', 'open a', 'open b', 'close a', 'close b']);
    pipeline.stop();
    await running;
    expect(old.written).toEqual([1, 2, 3]);
  });
});

describe('a removed lane', () => {
  test('hears of it, has its account closed, runs empty in the background and is closed', async () => {
    const [stays, goes] = [recorder(), recorder()];
    const lanes = [lane('stays', stays, []), lane('goes', goes, [], { account: newAccount() })];
    const { source, pipeline, running, notes, stated } = await started(lanes);
    await pipeline.change(change({ removed: lanes.slice(1) }), never);
    await waitFor(() => notes.includes('retired goes'), { what: 'its end', timeoutMs: 5000 });
    source.hear(heard(1));
    await through(stays, 3);
    expect(goes.written).toEqual([1, 2, 0]);
    expect(stated).toMatchObject([{ checkpoint_no: 1, from_sequence: 1, to_sequence: 2, accepted: 2, final: true }]);
    expect(lanes[1]?.ledger).toMatchObject({ from: 1, to: 2, sequenced: 2, delivered: 2, waiting: 0 });
    expect([...pipeline.sinkStates.keys()]).toEqual(['stays']);
    pipeline.stop();
    await running;
    expect(stays.written).toEqual([1, 2, 3, 4]);
  });

  test('whose sink is dead holds up nothing; at the end what it had is in the books', async () => {
    const log: string[] = [];
    const [stays, dead] = [recorder(), hanging()];
    const lanes = [lane('stays', stays, log), lane('dead', dead, log)];
    const { source, pipeline, running, notes } = await started(lanes, log, 40);
    await pipeline.change(change({ removed: lanes.slice(1), shutdownTimeoutMs: 40 }), never);
    source.hear(heard(1));
    await through(stays, 3);
    expect([...pipeline.sinkStates.keys()]).toEqual(['dead', 'stays']);
    expect(notes).toEqual([]);
    pipeline.stop();
    await expect(running).rejects.toMatchObject({ code: 'SHUTDOWN_INCOMPLETE' });
    const ledger = lanes[1]?.ledger as Lane['ledger'];
    expect(ledger).toMatchObject({ sequenced: 2, lost: { shutdown: 2 }, waiting: 0 });
    expect(imbalances(ledger)).toEqual([]);
    expect(notes).toContain('retired dead');
    expect(log.filter((line) => line.startsWith('close')).toSorted()).toEqual(['close dead', 'close source', 'close stays']);
  });

  test('that comes back goes on with its account: what came meanwhile was left out', async () => {
    const account = newAccount();
    const [stays, goes, again] = [recorder(), recorder(), recorder()];
    const lanes = [lane('stays', stays, []), lane('goes', goes, [], { account })];
    const { source, pipeline, running, stated } = await started(lanes);
    await pipeline.change(change({ removed: lanes.slice(1) }), never);
    source.hear(heard(1), heard(2));
    await through(stays, 4);
    await pipeline.change(change({ added: [lane('goes', again, [], { account })] }), never);
    pipeline.stop();
    await running;
    expect(again.written).toEqual([5, 6, 0]);
    expect(stated).toMatchObject([
      { checkpoint_no: 1, from_sequence: 1, to_sequence: 2, accepted: 2, filtered: 0 },
      { checkpoint_no: 2, from_sequence: 3, to_sequence: 6, accepted: 2, filtered: 2 },
    ]);
  });
});

test('what else changes does so between two events, and what it emits comes before what tells of it', async () => {
  const sink = recorder();
  const { source, pipeline, running } = await started([lane('a', sink, [])]);
  const commit = (emit: (any: AnyEvent) => void): AnyEvent => {
    emit(event('THROTTLE', 'agent'));
    return event('RELOAD', 'agent');
  };
  await pipeline.change(change({ commit }), never);
  source.hear(heard(1));
  await through(sink, 4);
  pipeline.stop();
  await running;
  expect(sink.written).toEqual([1, 2, 3, 4, 5]);
});

test('accounts are stated as often as is said last', async () => {
  const sink = recorder();
  const { pipeline, running, stated } = await started([lane('a', sink, [], { account: newAccount() })]);
  await pipeline.change(change({ checkpointIntervalMs: 1 }), never);
  await waitFor(() => stated.length >= 3, { what: 'three checkpoints', timeoutMs: 5000 });
  await pipeline.change(change({}), never);
  const before = stated.length;
  pipeline.stop();
  await running;
  expect(stated.length - before).toBeLessThanOrEqual(2);
});
