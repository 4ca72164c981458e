import { expect, it } from 'vitest';
import { DropEpisode } from '../../../src/agent/drop-episode.ts';
import { recordedLog } from './log-lines.ts';

const BEGIN = { level: 'error', sink: 'disk', reason: 'queue_full', msg: 'events dropped: the queue is full' };
const END = 'the queue takes events again; those dropped meanwhile are gone';
const end = (events: number) => ({ level: 'info', sink: 'disk', events, msg: END });

function newEpisode() {
  const { log, entries } = recordedLog();
  return { drops: new DropEpisode('disk', log), entries };
}

it('says nothing while nothing is dropped', () => {
  const { drops, entries } = newEpisode();
  drops.settled(true);
  drops.settled(false);
  expect(entries).toEqual([]);
});

it('logs the first drop of an episode, and its end with the count of all', () => {
  const { drops, entries } = newEpisode();
  for (const records of [3, 4]) {
    drops.dropped(records, 'queue_full');
    drops.settled(false);
  }
  expect(entries).toEqual([BEGIN]);
  drops.settled(true);
  drops.settled(true);
  expect(entries).toEqual([BEGIN, end(7)]);
});

it('is one episode while the queue drops and takes by turns', () => {
  const { drops, entries } = newEpisode();
  for (let turn = 0; turn < 100; turn++) {
    drops.dropped(1, 'queue_full');
    drops.settled(false);
    drops.settled(false);
  }
  expect(entries).toEqual([BEGIN]);
});

it('does not end with a batch that was taken at the expense of others', () => {
  const { drops, entries } = newEpisode();
  drops.dropped(2, 'evicted');
  drops.settled(true);
  expect(entries).toEqual([{ ...BEGIN, reason: 'evicted' }]);
});

it('begins anew after its end', () => {
  const { drops, entries } = newEpisode();
  for (const records of [5, 6]) {
    drops.dropped(records, 'queue_full');
    drops.settled(false);
    drops.settled(true);
  }
  expect(entries).toEqual([BEGIN, end(5), BEGIN, end(6)]);
});
