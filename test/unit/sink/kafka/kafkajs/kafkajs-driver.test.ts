import { afterEach, expect, test, vi } from 'vitest';
import { createClient } from '../../../../../src/sink/kafka/kafkajs/client.ts';
import { KafkajsDriver } from '../../../../../src/sink/kafka/kafkajs/kafkajs-driver.ts';
import type { PartitionRecords } from '../../../../../src/sink/kafka/driver.ts';
import { settingsOf } from '../platformatic/stub-broker.ts';

vi.mock('../../../../../src/sink/kafka/kafkajs/client.ts', () => ({ RETRIES: 2, createClient: vi.fn() }));
afterEach(() => void vi.useRealTimers());

const target: PartitionRecords = { topic: 't', partition: 0, records: [] };

/** A driver with a producer that disconnects like this. */
async function connectedDriver(disconnect: () => Promise<void>): Promise<KafkajsDriver> {
  const send = () => Promise.resolve([{ topicName: 't', partition: 0, errorCode: 0 }]);
  const producer = () => ({ connect: () => Promise.resolve(), send, disconnect });
  vi.mocked(createClient).mockReturnValue({ producer } as never);
  const driver = new KafkajsDriver({ connection: settingsOf({}), compression: 'none' });
  await driver.send(driver.prepare(target));
  return driver;
}

test.for([['close'], ['renew']] as const)('%s does not wait for the last answer of a broker that is frozen', async ([what]) => {
  vi.useFakeTimers();
  let thaw: (error: Error) => void = () => undefined;
  const disconnect = vi.fn(() => new Promise<void>((_, reject) => (thaw = reject)));
  const driver = await connectedDriver(disconnect);
  const done = driver[what](target);
  await vi.runAllTimersAsync();
  await done;
  expect(disconnect).toHaveBeenCalledTimes(1);
  // Heard of by nobody: it would end the process.
  thaw(new Error('the answer never came'));
  await vi.runAllTimersAsync();
});
