/** Opens a connector socket in the host's network namespace from wherever it runs and tells, as JSON, what came of it. */
import { readlinkSync } from 'node:fs';
import { AgentError } from '../../src/core/errors.ts';
import { openLibc } from '../../src/ingest/native/ffi.ts';
import { DropCounter } from '../../src/ingest/proc-connector/drops.ts';
import { inHostNetwork } from '../../src/ingest/proc-connector/host-network.ts';
import { openConnectorSocket } from '../../src/ingest/proc-connector/socket.ts';
import { What } from '../../src/ingest/proc-connector/wire.ts';
import { ConnectorListener } from '../helpers/connector-listener.ts';

export interface HostNetworkReport {
  /** Namespaces of the thread: before, during and after. */
  readonly before: string;
  readonly during: string;
  readonly after: string;
  /** Kinds of events heard of a child. */
  readonly kinds: number[];
  readonly drops: number;
  readonly error: { readonly code: string; readonly fix: string | undefined } | undefined;
}

const network = (): string => readlinkSync('/proc/thread-self/ns/net');

async function report(): Promise<HostNetworkReport> {
  const libc = openLibc();
  const before = network();
  let during = '';
  const heard = new ConnectorListener(libc, () =>
    inHostNetwork(libc, () => {
      during = network();
      return openConnectorSocket(libc, 1 << 20).fd;
    }),
  );
  try {
    await heard.subscribe();
    const pid = await heard.hearChild(What.EXIT);
    const kinds = heard.heard.filter(({ tgid }) => tgid === pid).map(({ what }) => what);
    return { before, during, after: network(), kinds, drops: new DropCounter(libc).read(heard.fd), error: undefined };
  } finally {
    heard.close();
  }
}

async function main(): Promise<void> {
  try {
    process.stdout.write(JSON.stringify(await report()));
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    process.stdout.write(JSON.stringify({ error: { code: error.code, fix: error.fix } }));
  }
}

await main();
