import { expect, onTestFinished, test } from 'vitest';
import { openLibc } from '../../src/ingest/native/ffi.ts';
import { ClockAlarm } from '../../src/ingest/proc-connector/clock-alarm.ts';
import { liveClocks, takeSample } from '../../src/ingest/proc-connector/clock-sample.ts';

const libc = openLibc();

test('the kernel arms the alarm of the clock, and it is silent while nobody sets the clock', () => {
  const alarm = new ClockAlarm(libc);
  onTestFinished(() => alarm.close());
  expect(alarm.fd).toBeGreaterThan(0);
  expect(alarm.rang()).toBe(false);
});

test('samples of the live clocks agree with each other as closely as they claim', () => {
  const clocks = liveClocks(libc);
  const [one, other] = [takeSample(clocks), takeSample(clocks)];
  const claimedUs = one.errorUs + other.errorUs;
  expect(claimedUs).toBeLessThan(1000);
  expect(Math.abs(one.wallUs - other.wallUs)).toBeLessThanOrEqual(claimedUs + 1);
  expect(Math.abs(one.bootNs - other.bootNs) / 1000).toBeLessThanOrEqual(claimedUs + 1);
  expect(Math.abs(Date.now() * 1000 - Number(process.hrtime.bigint()) / 1000 - one.wallUs)).toBeLessThan(1_000_000);
});
