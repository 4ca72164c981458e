import type { AgentStart } from '../core/agent-event.ts';
import type { SourceDescription } from '../core/event-source.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import { previousRun } from './lifecycle-events.ts';
import type { AcceptedBefore } from './lifecycle-events.ts';
import type { OriginFacts } from './origin.ts';
import type { LastRun } from './run-record.ts';
import { sinkIdOf } from './sink-ids.ts';
import type { SinkIds } from './sink-ids.ts';

export interface StartFacts {
  readonly config: Config;
  readonly facts: OriginFacts;
  readonly source: SourceDescription;
  readonly sinkIds: SinkIds;
  readonly previous: LastRun | undefined;
  readonly acceptedBefore: AcceptedBefore;
  /** Why containers have no names, where they might. */
  readonly containerLimit: string | undefined;
}

/** What START tells the readers of the stream: who speaks, with what rights, and what this run cannot know. */
export function describeStart({ config, facts, source, sinkIds, previous, acceptedBefore, containerLimit }: StartFacts): AgentStart {
  return {
    version: facts.version,
    config_hash: facts.configHash,
    sources: [...source.sources],
    capabilities: [...facts.capabilities],
    degraded: [...source.degraded, ...degraded(facts.capabilities), ...unnamed(containerLimit)],
    sinks: config.sinks.map(({ name, type }) => ({ name, type, sink_id: sinkIdOf(sinkIds, name) })),
    loss_windows: [...source.lossWindows, ...config.sinks.flatMap(unacknowledged)],
    previous: previousRun(previous, sinkIds, acceptedBefore),
  };
}

/** Features that work less well than they could, with the reason; `doctor` has the fixes. */
function degraded(capabilities: readonly string[]): AgentStart['degraded'] {
  if (capabilities.includes('CAP_SYS_PTRACE')) return [];
  return [{ feature: 'exe', reason: 'executables and working directories of other users stay unknown: CAP_SYS_PTRACE is not held' }];
}

function unnamed(reason: string | undefined): AgentStart['degraded'] {
  return reason === undefined ? [] : [{ feature: 'containers', reason: `containers are known by their id only: ${reason}` }];
}

/** What may be lost behind a sink, unseen by anybody. */
function unacknowledged(sink: SinkConfig): string[] {
  if (sink.type !== 'nats' || sink.settings.mode !== 'core') return [];
  return [
    `sink ${sink.name}: NATS core: delivered is what the server took; whoever does not listen then, or reads too slowly, misses it, and nobody counts that`,
  ];
}
