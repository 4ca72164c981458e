import { randomUUID } from 'node:crypto';
import type { NodeConnectionOptions } from '@nats-io/transport-node';
import type { NatsChoice } from './server-binary.ts';
import { startNats } from './start.ts';

/** A server with JetStream and without passwords, ours or somebody's. */
export interface SingleNats {
  readonly url: string;
  readonly adminOptions: NodeConnectionOptions;
  /** The name that stands for this one in this run, of a stream or the first token of a subject: what others made stays out of the way. */
  own(name: string): string;
  /** Stops it if it was started here. */
  close(): Promise<void>;
}

/** For tests that any one server will do for; rejects where there is none to be had. */
export async function startSingleNats(choice: NatsChoice): Promise<SingleNats> {
  const prefix = `forkcast-test-${randomUUID().slice(0, 8)}-`;
  const own = (name: string): string => prefix + name;
  if (choice.kind === 'given') return { url: choice.url, adminOptions: givenOptions(choice.url), own, close: async () => {} };
  const server = await startNats();
  return { url: server.url, adminOptions: server.adminOptions, own, close: () => server.close() };
}

function givenOptions(url: string): NodeConnectionOptions {
  const { host, username, password } = new URL(url);
  return { servers: [host], ...(username === '' ? {} : { user: username, pass: password }) };
}
