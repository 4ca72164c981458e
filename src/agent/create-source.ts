import type { Config } from '../config/config.ts';
import type { EventSource } from '../core/event-source.ts';
import type { ConnectorDeps } from '../ingest/proc-connector/source.ts';
import { ProcConnectorSource } from '../ingest/proc-connector/source.ts';

/** The source that the configuration names. Nothing is opened. */
export function createSource({ source, enrich }: Config, deps: ConnectorDeps): EventSource {
  switch (source.type) {
    case 'proc_connector':
      return new ProcConnectorSource(
        {
          receiveBufferBytes: source.receiveBufferBytes,
          maxArgsBytes: enrich.maxArgsBytes,
          threads: source.threads,
          kernelKinds: source.kernelFilter ? source.events : null,
          fallback: source.fallback,
          silenceMs: source.canaryAfterMs,
          reconcileEveryMs: source.resyncIntervalMs,
          fallbackEveryMs: source.scanIntervalMs,
        },
        deps,
      );
  }
}
