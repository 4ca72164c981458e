import { expect, it } from 'vitest';
import type { Agent } from '../../../src/agent/agent.ts';
import { openLedger } from '../../../src/core/ledger.ts';
import type { SinkLedger } from '../../../src/core/ledger.ts';
import { closingText } from '../../../src/cli/run-report.ts';
import { styleFor } from '../../../src/cli/style.ts';
import { fakeIo } from './fake-io.ts';

function closing(counts: { foreign: number; malformed: number }, sinks: readonly SinkLedger[] = []): string {
  const upstream = { heard: 5, lost: 0, own_acks: 2, deselected: 0, thread_events: 0, originated: 0, sequenced: 3 };
  const agent = {
    books: { upstream, sinks, imbalances: [] },
    source: { counts },
    enricher: { counters: { args: {} }, table: { entries: 0 } },
    config: { sinks: [] },
  };
  return closingText(agent as unknown as Agent, styleFor(fakeIo().stderr, {}));
}

it('names what was ignored only where something was', () => {
  expect(closing({ foreign: 0, malformed: 0 })).not.toContain('ignored');
  expect(closing({ foreign: 1, malformed: 0 })).toMatch(/^ {2}ignored +1 message not from the kernel$/m);
  expect(closing({ foreign: 1234, malformed: 2 })).toMatch(/^ {2}ignored +1,234 messages not from the kernel · 2 malformed$/m);
});

it('says of each sink what a stop cost in one number, and what waits on the disk', () => {
  const sink: SinkLedger = {
    ...openLedger('out'),
    delivered: 3,
    dropped: { shutdown: 4000, queue_full: 1 },
    lost: { shutdown: 39 },
    waiting: 198,
  };
  const text = closing({ foreign: 0, malformed: 0 }, [sink]);
  expect(text).toMatch(/^ {2}sink out +delivered 3 · shutdown 4,039 · queue full 1 · waiting on disk 198$/m);
});
