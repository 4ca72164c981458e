import { expect, test } from 'vitest';
import { deliveryLog } from '../../../src/agent/delivery-log.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { recordedLog } from './log-lines.ts';

const START_US = Date.parse('2026-01-01T00:00:00Z') * 1000;

test('a change says which sink, why, since when, and when it is tried next; the end of it since when it was so', () => {
  const { log, entries } = recordedLog();
  const { down, up } = deliveryLog(log);
  const unreachable = new AgentError('SINK_UNREACHABLE', 'no answer');
  const refused = new AgentError('SINK_REFUSED', 'wrong password', { fix: 'mend it' });
  const state = { attempts: 1, lastError: unreachable };
  down('siem', unreachable, { ...state, circuit: 'retrying', sinceUs: START_US, nextTryUs: START_US + 100_000 });
  down('siem', refused, { ...state, circuit: 'holding', sinceUs: START_US + 5e6, nextTryUs: START_US + 65e6 });
  up('siem');
  down('siem', unreachable, { ...state, circuit: 'retrying', sinceUs: START_US + 90e6, nextTryUs: null });
  const since = '2026-01-01T00:00:00.000Z';
  const about = { sink: 'siem', since };
  expect(entries).toEqual([
    { level: 'warn', ...about, code: 'SINK_UNREACHABLE', next_try: '2026-01-01T00:00:00.100Z', msg: 'no answer; trying again' },
    {
      level: 'warn',
      ...about,
      code: 'SINK_REFUSED',
      next_try: '2026-01-01T00:01:05.000Z',
      fix: 'mend it',
      msg: 'wrong password; keeping the events, and trying again until it is put right',
    },
    { level: 'info', sink: 'siem', failed_since: since, msg: 'delivering again' },
    { level: 'warn', sink: 'siem', since: '2026-01-01T00:01:30.000Z', code: 'SINK_UNREACHABLE', msg: 'no answer; trying again' },
  ]);
});
