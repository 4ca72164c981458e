import type { NodeConnectionOptions } from '@nats-io/transport-node';
import { waitFor } from '../wait-for.ts';
import type { NatsOptions } from './server-config.ts';
import type { NatsServer } from './server.ts';
import { startServers } from './start.ts';

/** An election takes 4 to 9 s, and a busy machine takes its time besides. */
const ELECTION_MS = 60_000;
const EVERY_MS = 50;

/** Of `/jsz`. */
interface JetStreamStatus {
  readonly meta_cluster?: { readonly leader?: string; readonly cluster_size: number };
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamDetail[] }[];
}

interface StreamDetail {
  readonly name: string;
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[] };
}

/** Servers with routes between them, and JetStream over all of them. */
export class NatsCluster {
  readonly servers: readonly NatsServer[];

  constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  get urls(): string[] {
    return this.servers.map(({ url }) => url);
  }

  get adminOptions(): NodeConnectionOptions {
    return { ...this.#first.adminOptions, servers: this.urls };
  }

  get #first(): NatsServer {
    return this.servers[0] as NatsServer;
  }

  /** Resolves when all that run agree on who leads JetStream itself, which is one of them. */
  metaLeader(): Promise<NatsServer> {
    const agreed = async (): Promise<NatsServer | undefined> => {
      const running = this.#running();
      const statuses = await Promise.all(running.map((server) => server.monitor<JetStreamStatus>('/jsz')));
      const leaders = new Set(statuses.map((status) => status.meta_cluster?.leader));
      const whole = statuses.every((status) => status.meta_cluster?.cluster_size === this.servers.length);
      return whole && leaders.size === 1 ? running.find(({ name }) => leaders.has(name)) : undefined;
    };
    return waitFor(agreed, { what: 'a leader of the cluster', timeoutMs: ELECTION_MS, everyMs: EVERY_MS });
  }

  /** Resolves when one that runs says of itself that it leads the stream. */
  async streamLeader(stream: string): Promise<NatsServer> {
    const leading = async (): Promise<NatsServer | undefined> => {
      const running = this.#running();
      const details = await Promise.all(running.map((server) => detailOf(server, stream)));
      return running.find(({ name }, index) => details[index]?.cluster?.leader === name);
    };
    return waitFor(leading, { what: `a leader of ${stream}`, timeoutMs: ELECTION_MS, everyMs: EVERY_MS });
  }

  /** Resolves when every replica of the stream has all that its leader has. */
  async inSync(stream: string): Promise<void> {
    const same = async (): Promise<boolean> => {
      const leader = await this.streamLeader(stream);
      const replicas = (await detailOf(leader, stream))?.cluster?.replicas ?? [];
      return replicas.length > 0 && replicas.every(({ current, offline }) => current && offline !== true);
    };
    await waitFor(same, { what: `the replicas of ${stream} to be in sync`, timeoutMs: ELECTION_MS, everyMs: EVERY_MS });
  }

  /** Kills the servers and removes what they kept; may be called again. */
  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
  }

  #running(): NatsServer[] {
    return this.servers.filter(({ pid }) => pid !== undefined);
  }
}

/** Resolves when the cluster has a leader and every server has joined it. */
export async function startNatsCluster(options: NatsOptions & { readonly servers?: number } = {}): Promise<NatsCluster> {
  const { servers = 3, ...others } = options;
  const cluster = new NatsCluster(await startServers(servers, others));
  try {
    await cluster.metaLeader();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

async function detailOf(server: NatsServer, stream: string): Promise<StreamDetail | undefined> {
  const { account_details = [] } = await server.monitor<JetStreamStatus>('/jsz?accounts=true&streams=true');
  return account_details.flatMap(({ stream_detail = [] }) => stream_detail).find(({ name }) => name === stream);
}
