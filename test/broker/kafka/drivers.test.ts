import { afterAll, beforeAll, describe } from 'vitest';
import { kafkaDriverContract } from '../../contract/kafka-driver-contract.ts';
import { kafkaSinkContract } from '../../contract/kafka-sink-contract.ts';
import { KafkaAdmin } from '../../helpers/kafka/admin.ts';
import { startCluster } from '../../helpers/kafka/cluster.ts';
import type { Cluster } from '../../helpers/kafka/cluster.ts';
import { missingTools } from '../../helpers/kafka/java.ts';

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;

describe.skipIf((await missingTools()) !== undefined)('with a broker', () => {
  let cluster: Cluster;
  let admin: KafkaAdmin;

  beforeAll(async () => {
    cluster = await startCluster();
    admin = new KafkaAdmin(cluster.bootstrap);
  }, START_MS);

  afterAll(async () => {
    await admin?.close();
    await cluster?.close();
  });

  describe.each(['platformatic', 'kafkajs'] as const)('by %s', (driver) => {
    kafkaDriverContract(driver, () => ({ cluster, admin }));
    kafkaSinkContract(driver, () => ({ cluster, admin }));
  });
});
