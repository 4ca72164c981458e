import { expect, test } from 'vitest';
import type { Subscriber } from '../../../src/monitor/subscriber.ts';
import { MONITOR_KINDS, Subscriptions } from '../../../src/monitor/subscriptions.ts';
import { Tally } from '../../../src/monitor/tally.ts';

const nothing = (): void => undefined;
const newSubscriber = (): Subscriber => ({ take: nothing, seed: nothing, gap: nothing, end: () => false, close: nothing });

test('only the kinds that somebody wants now are made events of', () => {
  const subscriptions = new Subscriptions(new Tally());
  const { wanted } = subscriptions;
  const [one, other] = [newSubscriber(), newSubscriber()];
  subscriptions.add(one, { kinds: ['exec', 'exit'], filter: undefined, existing: undefined });
  subscriptions.add(other, { kinds: ['exit'], filter: undefined, existing: undefined });
  expect([...wanted]).toEqual(['EXEC', 'EXIT']);
  subscriptions.remove(one);
  expect([...wanted]).toEqual(['EXIT']);
  subscriptions.remove(other);
  expect([...wanted]).toEqual([]);
  subscriptions.add(one, { kinds: MONITOR_KINDS, filter: undefined, existing: undefined });
  expect([...wanted]).toEqual(MONITOR_KINDS.map((kind) => kind.toUpperCase()));
});
