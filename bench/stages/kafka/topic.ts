import { randomUUID } from 'node:crypto';
import { KafkaAdmin } from '../../../test/helpers/kafka/admin.ts';
import { brokerAddresses } from '../../kafka-broker.ts';

/** A topic of one run's own, which is removed behind it. */
export async function withTopic<T>(partitions: number, work: (topic: string, admin: KafkaAdmin) => Promise<T>): Promise<T> {
  const admin = new KafkaAdmin(brokerAddresses().near);
  const topic = `bench-${randomUUID()}`;
  try {
    await admin.createTopic(topic, { partitions });
    return await work(topic, admin);
  } finally {
    await admin.deleteTopic(topic);
    await admin.close();
  }
}
