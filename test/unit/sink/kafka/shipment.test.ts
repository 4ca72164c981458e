import { describe, expect, test } from 'vitest';
import { Shipment } from '../../../../src/sink/kafka/shipment.ts';
import { batch } from '../../../contract/records.ts';
import { FakeDriver } from './fake-driver.ts';
import type { Answer } from './fake-driver.ts';

const envelope = { prefix: new Uint8Array(0), headers: [], eventIdPrefix: 'a:' };

const HOUR_MS = 3_600_000;

/** Two records, of which the first attempt is answered so. */
function shipmentAnswered(answer: Answer, ageMs = 0) {
  const driver = new FakeDriver();
  driver.answer = () => (driver.attempts.length === 1 ? answer : undefined);
  const counters = { possibleDuplicates: 0, retimed: 0 };
  const timeUs = (Date.now() - ageMs) * 1000;
  const records = batch(1, 2).items.map((event) => ({ key: Buffer.from('host'), envelope, event: { ...event, timeUs } }));
  return { driver, counters, shipment: new Shipment({ topic: 't', partition: 0, records }, driver, counters) };
}

describe('a shipment', () => {
  test('that nobody will come with again lets others go, under a new identity', async () => {
    const { driver, shipment } = shipmentAnswered({ fault: 'BUG' });
    await expect(shipment.send(Infinity)).rejects.toMatchObject({ code: 'BUG' });
    expect(driver.renewed).toEqual([0]);
    expect(shipment.isUndecided).toBe(false);
  });

  test('may have arrived where the driver had tried before, whatever it was told last', async () => {
    const { driver, shipment } = shipmentAnswered({ fault: 'NOT_ENOUGH_REPLICAS', triedBefore: true, appends: true });
    await expect(shipment.send(Infinity)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    expect(shipment.isUndecided).toBe(true);
    await shipment.send(Infinity);
    expect(shipment.isDone).toBe(true);
    expect(driver.logs.get(0)).toEqual([1, 2]);
  });

  test('has not arrived where the broker refused the only attempt', async () => {
    const { shipment } = shipmentAnswered({ fault: 'NOT_ENOUGH_REPLICAS' });
    await expect(shipment.send(Infinity)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    expect(shipment.isUndecided).toBe(false);
  });

  test('that the broker has already is done, and what comes next has sequences of its own', async () => {
    const { driver, counters, shipment } = shipmentAnswered({ fault: 'DUPLICATE_SEQUENCE_NUMBER' });
    await shipment.send(Infinity);
    expect([shipment.isDone, driver.attempts.length, driver.renewed, counters.possibleDuplicates]).toEqual([true, 1, [0], 0]);
  });

  test.each([
    ['is recognised by its producer', HOUR_MS, 0],
    ['may be there twice, once its producer is forgotten', 25 * HOUR_MS, 2],
  ])('that is sent again as it was %s', async (_, ageMs, twice) => {
    const { driver, counters, shipment } = shipmentAnswered({ fault: 'TIMEOUT', appends: true }, ageMs);
    driver.answer = () => (driver.attempts.length <= 2 ? { fault: 'TIMEOUT', appends: true } : undefined);
    for (let i = 0; i < 2; i += 1) await expect(shipment.send(Infinity)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    await shipment.send(Infinity);
    expect([driver.attempts.length, driver.renewed, counters.possibleDuplicates]).toEqual([3, [], twice]);
  });

  test('that is old is no reason to doubt where it is known what became of it', async () => {
    const { counters, shipment } = shipmentAnswered({ fault: 'NOT_ENOUGH_REPLICAS' }, 25 * HOUR_MS);
    await expect(shipment.send(Infinity)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    await shipment.send(Infinity);
    expect(counters.possibleDuplicates).toBe(0);
  });

  test('is made ready anew where a smaller limit has been learnt meanwhile, as long as none of it was sent', async () => {
    const { driver, shipment } = shipmentAnswered(undefined);
    shipment.prepare(Infinity);
    await shipment.send(1000);
    expect(driver.attempts.map(({ sequences }) => sequences)).toEqual([[1], [2]]);
  });
});
