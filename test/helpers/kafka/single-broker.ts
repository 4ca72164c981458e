import { randomUUID } from 'node:crypto';
import { KafkaAdmin } from './admin.ts';
import type { TestBroker } from './broker.ts';
import type { BrokerChoice } from './choose-broker.ts';
import { startCluster } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { DockerBroker } from './docker-broker.ts';
import type { ClusterOptions } from './server-properties.ts';

/** A broker, ours or somebody's, with topics that do not get into anybody's way. */
export interface SingleBroker {
  /** host:port of its plaintext listener. */
  readonly bootstrap: string;
  readonly admin: KafkaAdmin;
  /** The name, or template of names, that stands for this one in this run. */
  topic(name: string): string;
  /** undefined: it is not a process of ours, and stays as it is. */
  readonly cluster: Cluster | undefined;
  /** Removes the topics, and the broker if it was started here. */
  close(): Promise<void>;
}

/** One that is ours: it may be stopped and started. */
export interface OwnBroker extends SingleBroker {
  readonly cluster: Cluster;
  readonly server: TestBroker;
}

/** Tests write records of long ago. */
const KEPT = { 'retention.ms': '-1' };

/** `options`: of a cluster, if it comes to that. Rejects where there is no broker to be had. */
export async function startSingleBroker(choice: BrokerChoice, options: ClusterOptions = {}): Promise<SingleBroker> {
  switch (choice.kind) {
    case 'none':
      throw new Error(choice.reason);
    case 'local':
      return startOwnBroker(options);
    case 'docker': {
      const broker = await DockerBroker.start(choice.image);
      return { ...brokerAt(broker.bootstrap, () => broker.close()), cluster: undefined };
    }
    case 'given':
      return { ...brokerAt(choice.bootstrap, (admin) => admin.deleteTopics()), cluster: undefined };
  }
}

export async function startOwnBroker(options: ClusterOptions = {}): Promise<OwnBroker> {
  const cluster = await startCluster(options);
  const [server] = cluster.brokers;
  return { ...brokerAt(cluster.bootstrap, () => cluster.close()), cluster, server: server as TestBroker };
}

/** `leave`: what is to be done at the end. */
function brokerAt(bootstrap: string, leave: (admin: KafkaAdmin) => Promise<void>): Omit<SingleBroker, 'cluster'> {
  const admin = new KafkaAdmin(bootstrap, KEPT);
  const prefix = `forkcast-test-${randomUUID().slice(0, 8)}-`;
  return {
    bootstrap,
    admin,
    topic: (name) => prefix + name,
    close: async () => {
      try {
        await leave(admin);
      } finally {
        await admin.close();
      }
    },
  };
}
