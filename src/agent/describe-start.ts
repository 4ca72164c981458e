import { readFileSync } from 'node:fs';
import type { AgentStart } from '../core/agent-event.ts';
import type { Uuid } from '../core/event.ts';
import { effectiveCapabilities } from '../core/capabilities.ts';
import { eventsHeldBy } from '../core/receive-buffer.ts';
import { configHash } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import type { ConnectorSocket } from '../ingest/proc-connector/socket.ts';
import { previousRun, sinkId } from './lifecycle-events.ts';
import type { LastRun } from './run-record.ts';

export interface StartFacts {
  readonly config: Config;
  readonly version: string;
  readonly socket: ConnectorSocket;
  readonly hostId: Uuid;
  readonly previous: LastRun | undefined;
}

/** What START tells the readers of the stream: who speaks, with what rights, and what this run cannot know. */
export function describeStart({ config, version, socket, hostId, previous }: StartFacts): AgentStart {
  const capabilities = [...effectiveCapabilities(readFileSync('/proc/self/status', 'latin1'))];
  return {
    version,
    config_hash: configHash(config),
    sources: [config.source.type],
    capabilities,
    degraded: degraded(config, socket, capabilities),
    sinks: config.sinks.map(({ name, type }) => ({ name, type, sink_id: sinkId(hostId, name) })),
    loss_windows: [
      `receive buffer: ${eventsHeldBy(socket.receiveBufferBytes)} events; beyond that the kernel drops the newest, counted exactly`,
      'arguments, executable and working directory are read from /proc after the exec: a process that ends first keeps none',
    ],
    previous: previousRun(previous),
  };
}

/** Features that work less well than they could, with the reason; `doctor` has the fixes. */
function degraded(config: Config, socket: ConnectorSocket, capabilities: readonly string[]): AgentStart['degraded'] {
  const found: { feature: string; reason: string }[] = [];
  if (!socket.forced && socket.receiveBufferBytes < 2 * config.source.receiveBufferBytes) {
    found.push({
      feature: 'receive_buffer',
      reason: `${socket.receiveBufferBytes / 2} instead of ${config.source.receiveBufferBytes} bytes: CAP_NET_ADMIN is not held`,
    });
  }
  if (!capabilities.includes('CAP_SYS_PTRACE')) {
    found.push({ feature: 'exe', reason: 'executables and working directories of other users stay unknown: CAP_SYS_PTRACE is not held' });
  }
  return found;
}
