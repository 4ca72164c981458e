import type { Config } from '../config/config.ts';
import type { EventSource } from '../core/event-source.ts';
import type { ConnectorDeps } from '../ingest/proc-connector/source.ts';
import { ProcConnectorSource } from '../ingest/proc-connector/source.ts';
import { ReplaySource } from '../ingest/replay/source.ts';
import type { ReplayDeps } from '../ingest/replay/source.ts';
import { SyntheticSource } from '../ingest/synthetic/source.ts';

/** The source that the configuration names. Nothing is opened. */
export function createSource({ source, enrich }: Config, deps: ConnectorDeps & ReplayDeps): EventSource {
  switch (source.type) {
    case 'proc_connector':
      return new ProcConnectorSource(
        {
          receiveBufferBytes: source.receiveBufferBytes,
          maxArgsBytes: enrich.maxArgsBytes,
          env: enrich.env,
          execCache: enrich.execCache,
          threads: source.threads,
          kernelKinds: source.kernelFilter ? source.events : null,
          fallback: source.fallback,
          silenceMs: source.canaryAfterMs,
          reconcileEveryMs: source.resyncIntervalMs,
          fallbackEveryMs: source.scanIntervalMs,
        },
        deps,
      );
    case 'replay':
      return new ReplaySource(source.replay, deps);
    case 'synthetic':
      return new SyntheticSource({ ...source.synthetic, maxArgsBytes: enrich.maxArgsBytes });
  }
}
