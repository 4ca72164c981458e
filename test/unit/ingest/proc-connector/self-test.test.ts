import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SelfTestResult } from '../../../../src/ingest/proc-connector/self-test.ts';
import { SelfTest } from '../../../../src/ingest/proc-connector/self-test.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('a kernel that says nothing is deaf only once all that was heard has been read: a sink that is stuck holds up the reading', async () => {
  let isCaughtUp = false;
  let result: SelfTestResult | undefined;
  const hearing = new SelfTest(['FORK'], () => isCaughtUp);
  hearing.result.then(
    (settled) => (result = settled),
    () => undefined,
  );
  hearing.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([hearing.running, result]).toEqual([true, undefined]);
  isCaughtUp = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(result).toBe('deaf');
});

test('what is heard of others leaves a child that was not heard unconfirmed', async () => {
  const hearing = new SelfTest(['FORK'], () => true);
  hearing.start();
  const common = { monotonicNs: 1, timeUs: 1, delayUs: 0, cpu: 0, kernelSeq: 1 };
  hearing.see([{ kind: 'SID', ...common, pid: 1, tgid: 1 }]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await hearing.result).toBe('unconfirmed');
});
