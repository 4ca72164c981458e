import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { AgentError } from '../core/errors.ts';
import type { EventSource, EventSourceDeps } from '../core/event-source.ts';
import type { MonitorSettings } from './options.ts';

/** The kernel of this machine. The native addon is loaded here and not before: what else the library does works where it cannot be. */
export async function liveSource(
  { receiveBufferBytes, maxArgsBytes, execCache, threads }: MonitorSettings,
  deps: EventSourceDeps,
): Promise<EventSource> {
  if (!isMainThread && !isAddonLoaded()) throw notHere();
  const { ProcConnectorSource } = await import('../ingest/proc-connector/source.ts');
  // Whoever has started is kept going, whatever becomes of the subscription; the start itself is the monitor's to judge.
  return new ProcConnectorSource({ receiveBufferBytes, maxArgsBytes, execCache, threads, fallback: 'scan' }, deps);
}

/** A process in which a worker thread was the first to load it dies with SIGSEGV when that thread ends (ffi-rs 1.3, see ingest/native/ffi.ts). */
function isAddonLoaded(): boolean {
  return readFileSync('/proc/self/maps', 'latin1').includes('ffi-rs');
}

function notHere(): AgentError {
  return new AgentError('NATIVE_UNAVAILABLE', 'a worker thread cannot be the first to listen in its process', {
    fix: 'Start the monitor on the main thread, and post its events to the worker.',
  });
}
