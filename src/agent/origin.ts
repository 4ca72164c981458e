import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { configHash } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { effectiveCapabilities } from '../core/capabilities.ts';
import { systemClock } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { uuidBytes } from '../core/uuid.ts';
import { createRunIdentity, loadRunIdentity, newAgentId, runIdentity } from '../enrich/identity.ts';
import type { RunIdentity } from '../enrich/identity.ts';
import { systemUserNames } from '../enrich/users.ts';
import type { UserNames } from '../enrich/users.ts';
import { readRecordingHeader } from '../ingest/recording/file.ts';
import { SyntheticHost } from '../ingest/synthetic/host.ts';
import { USERS } from '../ingest/synthetic/population.ts';
import { EventClock } from './event-clock.ts';

/** Who speaks in a run, by which clock and in whose names: this machine, one that was recorded, or one that does not exist. */
export interface Origin {
  readonly identity: RunIdentity;
  /** Of the agent's own events. An EventClock is to be told of everything that is heard. */
  readonly clock: Clock | EventClock;
  readonly users: UserNames;
  /** For START. */
  readonly facts: OriginFacts;
  /**
   * All that is written follows from what is recorded and from the configuration: the same bytes on any machine, at any speed. Then nothing is dropped for want
   * of room, either.
   */
  readonly reproducible: boolean;
  /** What the run hears, where it is not this machine. */
  readonly notice: string | undefined;
}

export interface OriginFacts {
  readonly version: string;
  readonly configHash: string;
  readonly capabilities: readonly string[];
}

/** Throws FILE_NOT_FOUND where the machine shows no boot id, and what reading a recording throws. */
export function originOf(config: Config, version: string): Promise<Origin> {
  switch (config.source.type) {
    case 'proc_connector':
      return Promise.resolve(machineOrigin(config, version));
    case 'replay':
      return recordedOrigin(config);
    case 'synthetic':
      return Promise.resolve(syntheticOrigin(config, version));
  }
}

function machineOrigin(config: Config, version: string): Origin {
  return {
    identity: loadRunIdentity(config.agent.labels),
    clock: systemClock,
    users: systemUserNames(),
    facts: { version, configHash: configHash(config), capabilities: ownCapabilities() },
    reproducible: false,
    notice: undefined,
  };
}

async function recordedOrigin({ agent, source }: Config): Promise<Origin> {
  const { path, speed } = source.replay;
  const { agent_id, host, started, users, forkcast, config_hash, capabilities } = await readRecordingHeader(path);
  const pace = speed === 0 ? 'as fast as it goes' : speed === 1 ? 'at the recorded speed' : `at ${speed} times its speed`;
  return {
    identity: runIdentity({
      agentId: uuidBytes(agent_id),
      hostId: uuidBytes(host.host_id),
      bootId: uuidBytes(host.boot_id),
      hostname: host.hostname,
      labels: agent.labels,
    }),
    clock: new EventClock({ timeUs: started.time_us, monotonicNs: started.monotonic_ns }),
    users: fixedNames(users),
    facts: { version: forkcast, configHash: config_hash, capabilities },
    reproducible: true,
    notice: `replaying what ${host.hostname} recorded on ${new Date(started.time_us / 1000).toISOString()}, ${pace}`,
  };
}

/** Its host is nobody's, and each run is one of its own. */
function syntheticOrigin(config: Config, version: string): Origin {
  const { seed, eventsPerSecond } = config.source.synthetic;
  const { startNs, wallUs } = new SyntheticHost({ seed, stepNs: 1, maxArgsBytes: 0 });
  const made = (what: string): Buffer => createHash('sha256').update(`forkcast synthetic ${what} ${seed}`).digest().subarray(0, 16);
  const { labels } = config.agent;
  return {
    identity: createRunIdentity({ agentId: newAgentId(), machineId: made('machine'), bootId: made('boot'), hostname: 'synthetic', labels }),
    clock: new EventClock({ timeUs: Math.floor(startNs / 1000 + wallUs), monotonicNs: startNs }),
    users: fixedNames(USERS),
    facts: { version, configHash: configHash(config), capabilities: ownCapabilities() },
    reproducible: false,
    notice: `making up events from the seed ${seed}, ${eventsPerSecond === 0 ? 'as fast as they are taken' : `${eventsPerSecond} a second`}`,
  };
}

export function ownCapabilities(): string[] {
  return [...effectiveCapabilities(readFileSync('/proc/self/status', 'latin1'))];
}

function fixedNames(users: Readonly<Record<string, string>>): UserNames {
  const names = new Map(Object.entries(users).map(([uid, name]) => [Number(uid), name]));
  return { nameOf: (uid) => names.get(uid) ?? null, refresh: () => undefined };
}
