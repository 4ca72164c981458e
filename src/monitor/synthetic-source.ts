import type { EventSource } from '../core/event-source.ts';
import { SyntheticSource } from '../ingest/synthetic/source.ts';
import { DEFAULTS, wholeNumber } from './options.ts';

export interface SyntheticOptions {
  /** The same number gives the same events; 1. */
  readonly seed?: number;
  /** 0: as fast as they are taken; 1000. */
  readonly eventsPerSecond?: number;
  /** How many until the monitor stops by itself; 0: without end. */
  readonly events?: number;
  /** How many of a million are lost, some at a time, as when the receive buffer is full; 0. */
  readonly lostPerMillion?: number;
}

/**
 * Events of a host that does not exist in place of the kernel's, for tests of programs that use the monitor: `new ProcessMonitor({ source: syntheticSource({ events: 1000 }) })`.
 * They come with the host ids of this machine, and their processes are not to be asked for at the system. Throws USAGE.
 */
export function syntheticSource(options: SyntheticOptions = {}): () => EventSource {
  const config = { seed: 1, eventsPerSecond: 1000, events: 0, lostPerMillion: 0, ...options };
  for (const [name, value] of Object.entries(config)) wholeNumber(name, value, 0);
  return () => new SyntheticSource({ ...config, maxArgsBytes: DEFAULTS.maxArgsBytes });
}
