import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { ClockAlarm } from '../../../../src/ingest/proc-connector/clock-alarm.ts';
import { FakeLibc } from '../../../helpers/fake-libc.ts';

const EBADF = 9;
const EAGAIN = 11;
const ENOSYS = 38;
const ECANCELED = 125;

describe('the alarm of the clock', () => {
  test('is an absolute timer that is cancelled when the clock is set, and is never reached', () => {
    const libc = new FakeLibc();
    const { fd } = new ClockAlarm(libc);
    expect(libc.timers).toHaveLength(1);
    const { flags, value, fd: armed } = libc.timers[0]!;
    expect([armed, flags]).toEqual([fd, 3]);
    const [interval, intervalNs, seconds, ns] = [0, 8, 16, 24].map((at) => Number(value.readBigInt64LE(at)));
    expect([interval, intervalNs, ns]).toEqual([0, 0, 0]);
    expect(new Date((seconds ?? 0) * 1000).getUTCFullYear()).toBeGreaterThan(2200);
  });

  test('rings when reading says that it was cancelled, and is silent otherwise', () => {
    const libc = new FakeLibc();
    const alarm = new ClockAlarm(libc);
    const results = [EAGAIN, ECANCELED, EAGAIN];
    libc.onRead = (fd) => (fd === alarm.fd ? (results.shift() ?? EAGAIN) : EBADF);
    expect([alarm.rang(), alarm.rang(), alarm.rang()]).toEqual([false, true, false]);
  });

  test('says what is wrong with it', () => {
    const libc = new FakeLibc();
    const alarm = new ClockAlarm(libc);
    libc.onRead = () => EBADF;
    expect(() => alarm.rang()).toThrow(AgentError);
  });

  test.each(['timerfd', 'settime'] as const)('is a descriptor that poll ignores where %s fails, and never rings', (call) => {
    const libc = new FakeLibc();
    libc.failing[call] = ENOSYS;
    const alarm = new ClockAlarm(libc);
    libc.onRead = () => ECANCELED;
    expect(alarm.fd).toBe(-1);
    expect(alarm.rang()).toBe(false);
    alarm.close();
    expect(libc.closed).toEqual(call === 'settime' ? [44] : []);
  });

  test('closes its descriptor', () => {
    const libc = new FakeLibc();
    const alarm = new ClockAlarm(libc);
    alarm.close();
    expect(libc.closed).toEqual([alarm.fd]);
  });
});
