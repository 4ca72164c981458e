import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaDriverContract, kafkaDriverOutageContract } from '../../contract/kafka-driver-contract.ts';
import { kafkaSinkContract, kafkaSinkOutageContract } from '../../contract/kafka-sink-contract.ts';
import { chooseBroker, SURROUNDINGS, VARIABLE } from '../../helpers/kafka/choose-broker.ts';
import { missingTools } from '../../helpers/kafka/java.ts';
import { startOwnBroker, startSingleBroker } from '../../helpers/kafka/single-broker.ts';
import type { OwnBroker, SingleBroker } from '../../helpers/kafka/single-broker.ts';

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;
const DRIVERS = ['platformatic', 'kafkajs'] as const;

const choice = await chooseBroker();
const canStartOwn = (await missingTools()) === undefined;
let own: OwnBroker;
let any: SingleBroker;

beforeAll(async () => {
  if (canStartOwn) own = await startOwnBroker();
  any = choice.kind === 'local' ? own : await startSingleBroker(choice);
}, START_MS);

afterAll(async () => {
  await own?.close();
  if (any !== own) await any?.close();
});

describe.skipIf(choice.kind === 'none')('with a broker', () => {
  describe.each(DRIVERS)('by %s', (driver) => {
    kafkaDriverContract(driver, () => any);
    kafkaSinkContract(driver, () => any);
  });
});

describe.skipIf(!canStartOwn)('with a broker of its own', () => {
  describe.each(DRIVERS)('by %s', (driver) => {
    kafkaDriverOutageContract(driver, () => own);
    kafkaSinkOutageContract(driver, () => own);
  });

  it('leaves a broker that it was given as it was', async () => {
    const given = await startSingleBroker(await chooseBroker({ ...SURROUNDINGS, env: { [VARIABLE]: own.bootstrap } }));
    const topic = given.topic('guest');
    await given.admin.createTopic(topic);
    expect(await own.admin.describe(topic)).toBeDefined();
    await given.close();
    expect(await own.admin.describe(topic)).toBeUndefined();
    expect(own.server.pid).toBeDefined();
  });
});
