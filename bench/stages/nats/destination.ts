import { randomUUID } from 'node:crypto';
import { NatsAdmin } from '../../../test/helpers/nats/admin.ts';
import { natsPlace } from '../../nats-server.ts';

/** Where the messages of a run go: to a stream that keeps them there, or to nobody. */
export type Storage = 'file' | 'memory' | 'none';

/** Of one run's own. */
export interface Destination {
  /** Of the stream, and the first token of its subjects. */
  readonly name: string;
  readonly url: string;
  /** How many messages of clients have arrived. */
  readonly arrived: () => Promise<number>;
}

/** The stream is removed behind the work. */
export async function withDestination<T>(storage: Storage, work: (destination: Destination) => Promise<T>): Promise<T> {
  const { url, monitoringUrl } = natsPlace();
  const name = `bench-${randomUUID()}`;
  if (storage === 'none') {
    // It counts what comes from clients, whoever they are; this one has the server for itself.
    const count = async (): Promise<number> => ((await (await fetch(`${monitoringUrl}/varz`)).json()) as { in_msgs: number }).in_msgs;
    const before = await count();
    return work({ name, url, arrived: async () => (await count()) - before });
  }
  const admin = await NatsAdmin.connect({ adminOptions: { servers: [url] } });
  await admin.createStream(name, { subjects: [`${name}.>`], storage });
  try {
    return await work({ name, url, arrived: () => admin.count(name) });
  } finally {
    await admin.deleteStream(name);
    await admin.close();
  }
}
