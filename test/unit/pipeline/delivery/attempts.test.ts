import { expect, test } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import type { ErrorCode } from '../../../../src/core/errors.ts';
import { Attempts } from '../../../../src/pipeline/delivery/attempts.ts';
import { Circuit } from '../../../../src/pipeline/delivery/circuit.ts';
import { DEFAULT_POLICY } from '../../../../src/pipeline/delivery/policy.ts';
import { FakeTime, throughTime } from './fake-time.ts';

const never = new AbortController().signal;

/** Fails with these codes, one a try, and then works. Tells when each try was, and how it ended. */
async function attempt(
  codes: readonly ErrorCode[],
  hard: AbortSignal = never,
  onTry: () => void = () => undefined,
  durable = false,
): Promise<{ at: number[]; end: string | undefined; time: FakeTime }> {
  const time = new FakeTime();
  const left = [...codes];
  const at: number[] = [];
  const attempts = new Attempts({ policy: DEFAULT_POLICY, circuit: new Circuit(time, () => undefined), time, random: () => 0.5, durable });
  const work = async (): Promise<void> => {
    at.push(time.ms);
    onTry();
    const code = left.shift();
    if (code !== undefined) throw new AgentError(code, 'scripted');
  };
  const error = await throughTime(time, attempts.until(work, hard));
  return { at, end: error?.code, time };
}

test('what may pass is tried again after a random part of a bound that doubles up to 30 s', async () => {
  const { at, end } = await attempt(Array.from({ length: 12 }, () => 'SINK_UNREACHABLE' as const));
  const waits = at.slice(1).map((ms, i) => ms - (at[i] ?? 0));
  expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000, 15_000]);
  expect(end).toBeUndefined();
});

test('it is tried for ever', async () => {
  const { at, end } = await attempt(Array.from({ length: 5000 }, () => 'FILE_IO' as const));
  expect(at).toHaveLength(5001);
  expect(end).toBeUndefined();
});

test.each(['SINK_REFUSED', 'DATA_DIR_UNSAFE', 'DATA_DIR_PERMISSION', 'FILE_CORRUPT'] as const)(
  'what a person has to mend (%s) is tried each 30 s',
  async (code) => {
    expect((await attempt([code, code])).at).toEqual([0, 30_000, 60_000]);
  },
);

test.each(['RECORD_REJECTED', 'RECORD_UNENCODABLE', 'BUG', 'OUTPUT_GONE'] as const)('%s is not tried again', async (code) => {
  expect(await attempt([code])).toMatchObject({ at: [0], end: code });
});

test('where nobody takes anything, what a queue on disk holds is kept, and tried each 30 s', async () => {
  expect((await attempt(['OUTPUT_GONE', 'OUTPUT_GONE'], never, undefined, true)).at).toEqual([0, 30_000, 60_000]);
  expect(await attempt(['RECORD_REJECTED'], never, undefined, true)).toMatchObject({ at: [0], end: 'RECORD_REJECTED' });
});

test('an abort ends the wait at once, and leaves no timer', async () => {
  const hard = new AbortController();
  const { at, end, time } = await attempt(['SINK_REFUSED'], hard.signal, () => void setImmediate(() => hard.abort()));
  expect({ at, end, timers: time.timers }).toEqual({ at: [0], end: 'SINK_REFUSED', timers: 0 });
});
