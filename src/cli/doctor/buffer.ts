import type { Capability } from '../../core/capabilities.ts';
import { formatSize } from '../../core/units.ts';
import { eventsInBuffer } from '../host.ts';
import { ok } from './finding.ts';
import type { Check } from './finding.ts';

export interface BufferFacts {
  readonly wantedBytes: number;
  /** net.core.rmem_max, undefined where it cannot be read. */
  readonly limitBytes: number | undefined;
  readonly held: ReadonlySet<Capability>;
}

export function checkReceiveBuffer({ wantedBytes, limitBytes, held }: BufferFacts): Check {
  const name = 'receive buffer';
  const wanted = `${formatSize(wantedBytes)}, room for ${eventsInBuffer(wantedBytes).toLocaleString('en')} events`;
  if (held.has('CAP_NET_ADMIN')) return ok(name, `${wanted} (forced with CAP_NET_ADMIN)`);
  if (limitBytes === undefined) {
    return {
      name,
      status: 'degraded',
      found: 'net.core.rmem_max cannot be read',
      consequence: 'how much of source.receive_buffer is granted is not known',
      fix: null,
    };
  }
  if (wantedBytes <= limitBytes) return ok(name, wanted);
  const granted = eventsInBuffer(limitBytes).toLocaleString('en');
  return {
    name,
    status: 'degraded',
    found: `${formatSize(limitBytes)} of ${formatSize(wantedBytes)} (net.core.rmem_max)`,
    consequence: `room for ${granted} events: longer bursts are lost, and counted`,
    fix: `sysctl -w net.core.rmem_max=${wantedBytes}, or give the agent CAP_NET_ADMIN`,
  };
}
