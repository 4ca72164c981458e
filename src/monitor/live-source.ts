import type { EventSource, EventSourceDeps } from '../core/event-source.ts';
import type { MonitorSettings } from './options.ts';

/** The kernel of this machine. Loaded when it is needed: what else the library does works where the native addon does not load. */
export async function liveSource(
  { receiveBufferBytes, maxArgsBytes, threads }: MonitorSettings,
  deps: EventSourceDeps,
): Promise<EventSource> {
  const { ProcConnectorSource } = await import('../ingest/proc-connector/source.ts');
  // Whoever has started is kept going, whatever becomes of the subscription; the start itself is the monitor's to judge.
  return new ProcConnectorSource({ receiveBufferBytes, maxArgsBytes, threads, fallback: 'scan' }, deps);
}
