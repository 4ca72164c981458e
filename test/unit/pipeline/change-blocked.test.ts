import { expect, test } from 'vitest';
import { imbalances } from '../../../src/core/ledger.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { blocking, change, hanging, onto, started, through } from './changing.ts';
import { heard, lane, never, recorder } from './fixtures.ts';

test('a sink that holds up everything can be exchanged: nothing is lost', async () => {
  const after = recorder();
  const stuck = blocking('stuck', hanging());
  const { source, pipeline, running } = await started([stuck]);
  source.hear(heard(1));
  source.hear(heard(2));
  await waitFor(() => stuck.ledger.sequenced >= 2, { what: 'an event that waits for room', timeoutMs: 5000 });
  await pipeline.change(change({ changed: [{ from: stuck, to: onto(stuck, after), again: () => stuck }] }), never);
  pipeline.stop();
  await running;
  expect(after.written).toEqual([1, 2, 3, 4, 5]);
  expect(stuck.ledger).toMatchObject({ dropped: {}, delivered: 5, waiting: 0 });
});

test('a sink that holds up everything can be removed: what waited for room is dropped as such, and counted', async () => {
  const stays = recorder();
  const stuck = blocking('stuck', hanging());
  const { source, pipeline, running } = await started([stuck, lane('stays', stays, [])], [], 40);
  source.hear(heard(1));
  await waitFor(() => stuck.ledger.sequenced >= 2, { what: 'an event that waits for room', timeoutMs: 5000 });
  await pipeline.change(change({ removed: [stuck], shutdownTimeoutMs: 40 }), never);
  source.hear(heard(2));
  await through(stays, 1, 2, 3, 4);
  expect(stuck.ledger).toMatchObject({ to: 3, sequenced: 3, accepted: 1, dropped: { removed: 2 } });
  pipeline.stop();
  await expect(running).rejects.toMatchObject({ code: 'SHUTDOWN_INCOMPLETE' });
  expect(imbalances(stuck.ledger)).toEqual([]);
});

test('where there is room, the queue of a lane that goes takes what tells of it', async () => {
  const goes = recorder();
  const roomy = blocking('goes', goes);
  const { pipeline, running } = await started([roomy, lane('stays', recorder(), [])]);
  await through(goes, 1);
  await pipeline.change(change({ removed: [roomy] }), never);
  await through(goes, 2);
  pipeline.stop();
  await running;
  expect(roomy.ledger).toMatchObject({ sequenced: 2, delivered: 2, dropped: {} });
});
