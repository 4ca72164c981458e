import { existsSync, readFileSync } from 'node:fs';
import type { AgentError } from '../../core/errors.ts';
import type { SourceDescription } from '../../core/event-source.ts';
import { eventsHeldBy } from '../../core/receive-buffer.ts';
import { TIME_OFFSETS_PATH, monotonicShift } from '../../core/time-namespace.ts';
import type { CaptureState } from './captures.ts';
import type { KernelFilter } from './narrow.ts';
import type { ConnectorSocket } from './socket.ts';

export const PROC_RACE =
  'arguments, executable and working directory are read from /proc after the exec: a process that ends first keeps none';
export const RECORD_ROOM =
  'arguments, executable and working directory are recorded by the kernel at the exec; where its ring has no room for a record they are read from /proc after the exec';

/** What START says of a subscription. The kernel grants twice what is asked for, for its own accounting. */
export function describeSocket(
  socket: ConnectorSocket,
  wanted: {
    readonly receiveBufferBytes: number;
    readonly kernelFilter: KernelFilter | null;
    readonly unfiltered: boolean;
    readonly captures: CaptureState;
  },
): SourceDescription {
  const clamped = !socket.forced && socket.receiveBufferBytes < 2 * wanted.receiveBufferBytes;
  const reason = `${socket.receiveBufferBytes / 2} instead of ${wanted.receiveBufferBytes} bytes: CAP_NET_ADMIN is not held`;
  return {
    sources: ['proc_connector'],
    degraded: [
      ...(clamped ? [{ feature: 'receive_buffer', reason }] : []),
      ...describeFilter(wanted),
      ...describeCaptures(wanted.captures),
      ...describeClock(),
    ],
    lossWindows: [
      `receive buffer: ${eventsHeldBy(socket.receiveBufferBytes)} events; beyond that the kernel drops the newest, ${countedAs(wanted.kernelFilter)}`,
      wanted.captures.via === 'kernel' ? RECORD_ROOM : PROC_RACE,
    ],
  };
}

/** The kernel stamps events by the clock of the initial time namespace. */
function describeClock(): SourceDescription['degraded'] {
  const shift = existsSync(TIME_OFFSETS_PATH) ? monotonicShift(readFileSync(TIME_OFFSETS_PATH, 'latin1')) : 0;
  if (shift === 0) return [];
  return [{ feature: 'time', reason: `the times of events are off by ${shift} s: the agent runs in a time namespace of its own` }];
}

function countedAs(filter: KernelFilter | null): string {
  return filter === null ? 'counted exactly, by CPU and sequence' : 'counted by the socket, without CPU and sequence';
}

function describeFilter({
  kernelFilter,
  unfiltered,
}: {
  kernelFilter: KernelFilter | null;
  unfiltered: boolean;
}): SourceDescription['degraded'] {
  if (unfiltered) return [{ feature: 'kernel_filter', reason: 'not used: kernels 6.6.13 to 6.6.17 and 6.7 go deaf with it' }];
  if (kernelFilter === null) return [];
  const reason = `the kernel leaves out all but ${kernelFilter.kinds.join(', ')}: what else happened is not known, and its sequence proves nothing`;
  return [{ feature: 'loss_counting', reason }];
}

/** Of a reason why the kernel records nothing. */
export function insteadOf(reason: string): string {
  return `${reason}; /proc is read instead`;
}

function describeCaptures(captures: CaptureState): SourceDescription['degraded'] {
  if (captures.via === 'procfs') return [{ feature: 'exec_cache', reason: insteadOf(captures.reason) }];
  return captures.missing.map(({ feature, reason }) => ({ feature: `exec_cache.${feature}`, reason }));
}

/** What START says where the kernel cannot be heard. */
export function describeScanning(obstacle: AgentError, everyMs: number): SourceDescription {
  const period = everyMs === 1000 ? 'second' : `${everyMs} ms`;
  return {
    sources: ['procfs_scan'],
    degraded: [{ feature: 'proc_connector', reason: `${obstacle.message}; /proc is listed every ${period} instead` }],
    lossWindows: [
      `between two listings of /proc, every ${period}: what starts and ends there is not seen and not counted; ends have no exit code, and times are those of the listing`,
    ],
  };
}
