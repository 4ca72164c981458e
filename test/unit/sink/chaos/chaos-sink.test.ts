import { expect, test } from 'vitest';
import { asAgentError } from '../../../../src/core/errors.ts';
import { ChaosSink } from '../../../../src/sink/chaos/chaos-sink.ts';
import type { ChaosSinkConfig } from '../../../../src/sink/chaos/config.ts';
import { compileChaosSink } from '../../../../src/sink/chaos/config.ts';
import { batch, batchOf, record } from '../../../contract/records.ts';

const never = new AbortController().signal;
const CALM: ChaosSinkConfig = { seed: 7, transient: 0, hold: 0, partial: 0, permanent: 0, slow: 0, delayMs: 0 };

/** Outcomes of so many writes of ten records, as codes. */
async function outcomes(config: Partial<ChaosSinkConfig>, writes = 400): Promise<string[]> {
  const sink = new ChaosSink({ ...CALM, ...config }, { id: 'drill' });
  await sink.open(never);
  const codes: string[] = [];
  for (let i = 0; i < writes; i += 1) {
    codes.push(
      await sink.write(batch(i * 10 + 1, i * 10 + 10), never).then(
        () => 'taken',
        (error: unknown) => asAgentError(error).code,
      ),
    );
  }
  return codes;
}

const share = (codes: string[], code: string): number => codes.filter((seen) => seen === code).length / codes.length;

test('the same seed makes the same trouble, another one other trouble', async () => {
  const trouble = { transient: 0.3, hold: 0.2, partial: 0.2, permanent: 0.02 };
  expect(await outcomes(trouble)).toEqual(await outcomes(trouble));
  expect(await outcomes({ ...trouble, seed: 8 })).not.toEqual(await outcomes(trouble));
});

test.each([
  ['transient', 'SINK_UNREACHABLE'],
  ['hold', 'SINK_REFUSED'],
  ['partial', 'SINK_UNREACHABLE'],
] as const)('%s: about as many writes fail as it says, and none at 0', async (kind, code) => {
  const found = share(await outcomes({ [kind]: 0.25 }), code);
  expect(found).toBeGreaterThan(0.15);
  expect(found).toBeLessThan(0.35);
  expect(share(await outcomes({}), 'taken')).toBe(1);
});

test('permanent: a record is bad in any company, and CHECKPOINTs never are', async () => {
  const sink = new ChaosSink({ ...CALM, permanent: 0.5 }, { id: 'drill' });
  await sink.open(never);
  const isBad = async (sequence: number): Promise<boolean> =>
    sink.write(batchOf(record(sequence)), never).then(
      () => false,
      () => true,
    );
  const first = await Promise.all(Array.from({ length: 100 }, (_, i) => isBad(i)));
  expect(await Promise.all(Array.from({ length: 100 }, (_, i) => isBad(i)))).toEqual(first);
  expect(first[0]).toBe(false);
  expect(first.filter(Boolean).length).toBeGreaterThan(30);
});

test('its settings are percents', () => {
  const values = { seed: 3, transient: 10, hold: 0, partial: 5, permanent: 1, slow: 100, delay: '2s' };
  expect(compileChaosSink(values)).toEqual({ seed: 3, transient: 0.1, hold: 0, partial: 0.05, permanent: 0.01, slow: 1, delayMs: 2000 });
});
