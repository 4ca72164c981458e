import { expect, it } from 'vitest';
import type { Agent } from '../../../src/agent/agent.ts';
import { closingText } from '../../../src/cli/run-report.ts';
import { styleFor } from '../../../src/cli/style.ts';
import { fakeIo } from './fake-io.ts';

function closing(counts: { foreign: number; malformed: number }): string {
  const upstream = { heard: 5, lost: 0, own_acks: 2, deselected: 0, thread_events: 0, originated: 0, sequenced: 3 };
  const agent = {
    books: { upstream, sinks: [], imbalances: [] },
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
