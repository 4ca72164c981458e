import { readFileSync } from 'node:fs';
import type { AgentStart } from '../core/agent-event.ts';
import type { SourceDescription } from '../core/event-source.ts';
import type { Uuid } from '../core/event.ts';
import { effectiveCapabilities } from '../core/capabilities.ts';
import { configHash } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { previousRun, sinkId } from './lifecycle-events.ts';
import type { LastRun } from './run-record.ts';

export interface StartFacts {
  readonly config: Config;
  readonly version: string;
  readonly source: SourceDescription;
  readonly hostId: Uuid;
  readonly previous: LastRun | undefined;
}

/** What START tells the readers of the stream: who speaks, with what rights, and what this run cannot know. */
export function describeStart({ config, version, source, hostId, previous }: StartFacts): AgentStart {
  const capabilities = [...effectiveCapabilities(readFileSync('/proc/self/status', 'latin1'))];
  return {
    version,
    config_hash: configHash(config),
    sources: [...source.sources],
    capabilities,
    degraded: [...source.degraded, ...degraded(capabilities)],
    sinks: config.sinks.map(({ name, type }) => ({ name, type, sink_id: sinkId(hostId, name) })),
    loss_windows: [...source.lossWindows],
    previous: previousRun(previous),
  };
}

/** Features that work less well than they could, with the reason; `doctor` has the fixes. */
function degraded(capabilities: readonly string[]): AgentStart['degraded'] {
  if (capabilities.includes('CAP_SYS_PTRACE')) return [];
  return [{ feature: 'exe', reason: 'executables and working directories of other users stay unknown: CAP_SYS_PTRACE is not held' }];
}
