import kafkajs from 'kafkajs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AgentError } from '../../../../../src/core/errors.ts';
import { KafkajsDriver } from '../../../../../src/sink/kafka/kafkajs/kafkajs-driver.ts';
import { record } from '../../../../contract/records.ts';
import { driverSettings } from '../../../../helpers/kafka/driver-settings.ts';

const { Kafka, KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError, KafkaJSSASLAuthenticationError } = kafkajs;
const RECORDS = 3;

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the driver says when kafkajs has asked so many times where the records go, and gives up with that error. */
async function faultAfter(attempts: number, error: Error): Promise<unknown> {
  vi.spyOn(Kafka.prototype, 'producer').mockImplementation((config) => {
    const place = config?.createPartitioner?.();
    return {
      connect: () => Promise.resolve(),
      disconnect: () => Promise.resolve(),
      send: () => {
        for (let placed = 0; placed < attempts * RECORDS; placed++)
          place?.({ topic: 't', partitionMetadata: [], message: { value: null } });
        return Promise.reject(error);
      },
    } as unknown as kafkajs.Producer;
  });
  const driver = new KafkajsDriver(driverSettings('127.0.0.1:9'));
  const envelope = { prefix: new Uint8Array(0), headers: [], eventIdPrefix: 'a:' };
  const records = Array.from({ length: RECORDS }, (_, i) => ({ key: Buffer.from('k'), envelope, event: record(i + 1) }));
  try {
    return await driver.send(driver.prepare({ topic: 't', partition: 0, records })).catch((fault: unknown) => fault);
  } finally {
    await driver.close();
  }
}

const protocolError = (type: string): Error => new KafkaJSProtocolError(Object.assign(new Error(type), { type }));
const noAnswers: readonly (readonly [fault: string, error: Error])[] = [
  // Its declaration knows of no message, which it needs.
  ['AUTHENTICATION', Reflect.construct(KafkaJSSASLAuthenticationError, ['wrong password']) as Error],
  ['SASL_AUTHENTICATION_FAILED', protocolError('SASL_AUTHENTICATION_FAILED')],
  ['TLS', new KafkaJSConnectionError('certificate has expired')],
  ['CREDENTIALS', new KafkaJSNumberOfRetriesExceeded(new AgentError('SECRET_UNREADABLE', 'no file'), { retryCount: 2, retryTime: 1 })],
  ['LEADER_NOT_AVAILABLE', protocolError('LEADER_NOT_AVAILABLE')],
];

describe('an attempt of kafkajs that ended without a word', () => {
  test.each(noAnswers)('is not forgotten when it could not connect again: %s', async (fault, error) => {
    expect(await faultAfter(1, error)).toMatchObject({ fault, triedBefore: true });
  });

  test.each(noAnswers)('is none when it never came so far: %s', async (fault, error) => {
    expect(await faultAfter(0, error)).toMatchObject({ fault, triedBefore: false });
  });

  test('is none when the broker answered to the first', async () => {
    expect(await faultAfter(1, protocolError('MESSAGE_TOO_LARGE'))).toMatchObject({ fault: 'MESSAGE_TOO_LARGE', triedBefore: false });
    expect(await faultAfter(2, protocolError('MESSAGE_TOO_LARGE'))).toMatchObject({ fault: 'MESSAGE_TOO_LARGE', triedBefore: true });
  });
});
