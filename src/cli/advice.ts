import { formatOf } from '../agent/create-sink.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import { KERNEL_KINDS } from '../config/schema.ts';
import { effectiveCapabilities } from '../core/capabilities.ts';
import { formatSize } from '../core/units.ts';
import { nothingToRecord, obstacle } from '../ingest/capture/bpf/unavailable.ts';
import type { Unavailable } from '../ingest/capture/bpf/unavailable.ts';
import { insteadOf } from '../ingest/proc-connector/describe.ts';
import { eventsInBuffer, receiveBufferLimit } from './host.ts';
import type { HostFiles } from './host-files.ts';

/** Something that is allowed but may not be what was meant. */
export interface Advice {
  readonly path: string;
  /** A sentence without full stop. */
  readonly warning: string;
}

/** Memory that queues may take before it is worth a word: the goal for the whole agent is 150 MB. */
const MUCH_MEMORY = 128 * 1024 * 1024;

/** What to know about a valid configuration, on this machine. */
export function adviceFor(config: Config, files: HostFiles, against: () => Unavailable | undefined = obstacle): Advice[] {
  return [
    ...(config.source.type === 'proc_connector'
      ? [...bufferAdvice(config, files), ...filterAdvice(config), ...execCacheAdvice(config, against)]
      : []),
    ...eventAdvice(config),
    ...config.sinks.flatMap((sink) => sinkAdvice(sink)),
    ...outputAdvice(config),
    ...proofAdvice(config),
    ...memoryAdvice(config),
  ];
}

function bufferAdvice({ source }: Config, files: HostFiles): Advice[] {
  const limit = receiveBufferLimit(files);
  const wanted = source.receiveBufferBytes;
  if (limit === undefined || wanted <= limit || effectiveCapabilities(files.text('/proc/self/status')).has('CAP_NET_ADMIN')) return [];
  return [
    {
      path: 'source.receive_buffer',
      warning:
        `${formatSize(wanted)} is more than net.core.rmem_max (${formatSize(limit)}) and this user lacks CAP_NET_ADMIN: ` +
        `the kernel will grant ${formatSize(limit)}, room for ${eventsInBuffer(limit).toLocaleString('en')} events`,
    },
  ];
}

function eventAdvice({ source }: Config): Advice[] {
  const missing = (['FORK', 'EXEC', 'EXIT'] as const).filter((kind) => !source.events.includes(kind));
  const silent = missing.length === 3 ? 'no fork, exec or exit is reported' : '';
  return silent === '' ? [] : [{ path: 'source.events', warning: `${silent}: processes come and go unseen` }];
}

/** What a filter in the kernel takes away from the knowledge of processes. */
function filterAdvice({ source }: Config): Advice[] {
  if (!source.kernelFilter) return [];
  const path = 'source.kernel_filter';
  if (source.events.length === KERNEL_KINDS.length)
    return [{ path, warning: 'it has nothing to leave out: source.events names all kinds' }];
  const missing = (['FORK', 'EXEC', 'EXIT'] as const).filter((kind) => !source.events.includes(kind));
  if (missing.length === 0) return [];
  const lacks = { FORK: 'parents', EXEC: 'programs', EXIT: 'ends' } as const;
  const what = missing.map((kind) => lacks[kind]).join(' and ');
  return [
    {
      path,
      warning: `without ${missing.join(' and ').toLowerCase()} the agent knows ${what} of processes from listings of /proc only (source.resync_interval)`,
    },
  ];
}

/** By what the machine says of itself: only the doctor tries. */
function execCacheAdvice({ enrich, source }: Config, against: () => Unavailable | undefined): Advice[] {
  if (enrich.execCache === 'off') return [];
  const found = nothingToRecord(source.kernelFilter ? source.events : null) ?? against();
  if (found === undefined) return [];
  const warning = enrich.execCache === 'auto' ? insteadOf(found.reason) : `${found.reason}: the agent will not start`;
  return [{ path: 'enrich.exec_cache', warning }];
}

function sinkAdvice({ name, queue, kinds }: SinkConfig): Advice[] {
  const advice: Advice[] = [];
  if (queue.whenFull === 'block') {
    advice.push({
      path: `sinks.${name}.queue.when_full`,
      warning:
        'block holds the agent back when the sink is slow: events then wait in the kernel, which drops (and counts) what finds no room in source.receive_buffer',
    });
  }
  if (kinds.every((kind) => kind === 'SNAPSHOT'))
    advice.push({ path: `sinks.${name}.filter.kinds`, warning: 'the sink gets nothing once the snapshot at the start is through' });
  return advice;
}

function outputAdvice({ sinks }: Config): Advice[] {
  const printing = sinks.filter(({ type }) => type === 'stdout').map(({ name }) => name);
  const advice: Advice[] =
    printing.length < 2
      ? []
      : [{ path: 'sinks', warning: `${printing.join(' and ')} write to the same output: their lines will be mixed` }];
  if (!sinks.some(({ type }) => type === 'file' || type === 'kafka' || type === 'nats')) {
    const printed = printing.length > 0 ? 'printed and ' : '';
    advice.push({ path: 'sinks', warning: `events are ${printed}kept nowhere` });
  }
  return advice;
}

/** Where there is nothing else that tells of the same events. */
function proofAdvice({ sinks }: Config): Advice[] {
  const isAvro = (sink: SinkConfig): boolean => formatOf(sink) === 'avro' && sink.type !== 'blackhole' && sink.type !== 'chaos';
  if (sinks.some(isAvro)) return [];
  return sinks.flatMap(({ name, type, settings }) =>
    type === 'kafka' || type === 'nats'
      ? [{ path: `sinks.${name}.format`, warning: `completeness of ${settings.format} cannot be proven: forkcast verify reads Avro only` }]
      : [],
  );
}

function memoryAdvice({ sinks }: Config): Advice[] {
  const total = sinks.reduce((sum, { queue }) => (queue.type === 'memory' ? sum + queue.maxBytes : sum), 0);
  return total <= MUCH_MEMORY ? [] : [{ path: 'sinks', warning: `the queues together may take ${formatSize(total)} of memory` }];
}
