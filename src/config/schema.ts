import { PROCESS_KINDS } from '../core/event.ts';
import type { ProcessKind } from '../core/event.ts';
import type { KernelKind } from '../core/kernel-event.ts';
import type { SettingGroup } from '../core/setting.ts';
import { filterSetting } from '../enrich/filter/config.ts';
import { redactSchema } from '../enrich/redact/config.ts';
import { throttleSchema } from '../enrich/throttle/config.ts';
import { replaySchema } from '../ingest/replay/config.ts';
import { syntheticSchema } from '../ingest/synthetic/config.ts';
import { WHEN_FULL } from '../queue/when-full.ts';
import { deadLetterSchema } from '../sink/dead-letter/config.ts';

/** Kinds as the configuration writes them. */
export type WrittenKind = Lowercase<Exclude<ProcessKind, 'UNKNOWN'>>;
export const WRITTEN_KINDS = PROCESS_KINDS.filter((kind) => kind !== 'UNKNOWN').map((kind) => kind.toLowerCase() as WrittenKind);
/** Snapshots are no event of the kernel: `source.snapshot` decides about them. */
export const KERNEL_KINDS = WRITTEN_KINDS.filter((kind): kind is Lowercase<KernelKind> => kind !== 'snapshot');

/** Every key outside the sinks. The order is that of the printed configuration. */
export const CORE_SCHEMA = {
  agent: {
    data_dir: {
      format: 'path',
      default: './data',
      doc: 'Folder for all that the agent keeps: its state, and event files unless a sink names another place.',
    },
    labels: { format: 'labels', default: {}, doc: 'Texts that go with every exec and snapshot event, to tell hosts apart.' },
    shutdown_timeout: {
      format: 'duration',
      default: '10s',
      min: '100ms',
      max: '10m',
      doc: 'How long a stop may take: what is accepted is delivered within it.',
    },
    checkpoint_interval: {
      format: 'duration',
      default: '5s',
      min: '100ms',
      max: '10m',
      doc: 'How often each sink is told what it must have got, so that forkcast verify can prove that nothing is missing.',
    },
  },
  source: {
    type: {
      format: 'choice',
      default: 'proc_connector',
      choices: ['proc_connector', 'replay', 'synthetic'],
      doc: 'Where events come from: the netlink process connector of the kernel, a recording, or a made-up host.',
    },
    receive_buffer: {
      format: 'size',
      default: '64MiB',
      min: '4KiB',
      max: '1GiB',
      doc: 'Kernel memory in which events wait until the agent reads them.',
    },
    threads: { format: 'flag', default: false, doc: 'Report the start and end of single threads too, not only of processes.' },
    events: {
      format: 'choices',
      default: KERNEL_KINDS,
      choices: KERNEL_KINDS,
      doc: 'The kinds of events to report; the others are counted, not reported.',
    },
    snapshot: { format: 'flag', default: true, doc: 'Report the processes that run already when the agent starts.' },
    kernel_filter: {
      format: 'flag',
      default: false,
      doc: 'Let the kernel leave out the kinds that are not in events: cheaper, but losses are then counted without their place.',
    },
    fallback: {
      format: 'choice',
      default: 'scan',
      choices: ['scan', 'none'],
      doc: 'What to do where the kernel cannot be heard: list /proc again and again until it can, or end with an error.',
    },
    scan_interval: {
      format: 'duration',
      default: '1s',
      min: '100ms',
      max: '1h',
      doc: 'How often /proc is listed where the kernel cannot be heard.',
    },
    resync_interval: {
      format: 'duration',
      default: '10m',
      min: '1s',
      max: '24h',
      doc: 'How often the known processes are compared with /proc although nothing was lost.',
    },
    canary_after: {
      format: 'duration',
      default: '30s',
      min: '1s',
      max: '24h',
      doc: 'After so long a silence the agent starts a process of its own, to hear whether the kernel still speaks.',
    },
    replay: replaySchema,
    synthetic: syntheticSchema,
  },
  enrich: {
    // More than this many do not fit the table's memory, which is bounded too.
    max_processes: { format: 'count', default: 32768, min: 64, max: 65536, doc: 'How many processes are remembered at once.' },
    exit_ttl: {
      format: 'duration',
      default: '10s',
      min: '100ms',
      max: '1h',
      doc: 'How long a process is remembered, at most, after it ended.',
    },
    max_args_bytes: {
      format: 'size',
      default: '32KiB',
      min: '1KiB',
      max: '2MiB',
      doc: 'How much of a command line is kept; longer ones are cut and marked.',
    },
    exec_cache: {
      format: 'choice',
      default: 'auto',
      choices: ['auto', 'on', 'off'],
      doc: 'Whether the kernel records what a process runs as it begins to: where it can, or else not at all to start, or never.',
    },
    ancestors: { format: 'count', default: 8, min: 0, max: 64, doc: 'How many ancestors of a process an exec event names.' },
    containers: {
      docker: {
        format: 'choice_or_path',
        default: 'auto',
        choices: ['auto', 'off'],
        doc: 'Where names, images and labels of containers come from: auto asks Docker, a path is the socket of Docker or podman.',
      },
      labels: { format: 'flag', default: true, doc: 'Report the labels of containers on exec and snapshot events.' },
    },
    env: { format: 'variables', default: [], doc: 'The environment variables that exec and snapshot events report.' },
    exe_sha256: { format: 'flag', default: false, doc: 'Report the SHA-256 of executables on exec and snapshot events.' },
    redact: redactSchema,
    filter: filterSetting,
    throttle: {
      format: 'switch',
      default: 'off',
      group: throttleSchema,
      doc: 'Count the events of what makes too many of them in place of reporting each.',
    },
  },
  telemetry: {
    log_level: {
      format: 'choice',
      default: 'info',
      choices: ['trace', 'debug', 'info', 'warn', 'error'],
      doc: 'The least important messages to log.',
    },
  },
} as const satisfies SettingGroup;

const QUEUE_TYPE = {
  format: 'choice',
  default: 'memory',
  choices: ['memory', 'disk'],
  doc: 'Where events wait for the sink: memory does not survive the end of the agent; disk survives it, and power loss from the next sync on.',
} as const;
const WHEN_QUEUE_FULL = {
  format: 'choice',
  default: 'drop_newest',
  choices: WHEN_FULL,
  doc: 'What to do with an event that finds the queue full.',
} as const;

const MEMORY_QUEUE = {
  type: QUEUE_TYPE,
  max_size: { format: 'size', default: '16MiB', min: '64KiB', max: '1GiB', doc: 'How much may wait, in bytes of encoded events.' },
  // Each takes about 200 bytes of the heap besides its own, and the heap has 160 MB.
  max_events: { format: 'count', default: 50000, min: 1, max: 250000, doc: 'How much may wait, in events.' },
  when_full: WHEN_QUEUE_FULL,
} as const satisfies SettingGroup;

/** Of a queue whose type is disk. */
export const DISK_QUEUE = {
  type: QUEUE_TYPE,
  max_size: { format: 'size', default: '1GiB', min: '1MiB', max: '1TiB', doc: 'How much may wait, in bytes of compressed files.' },
  max_events: { format: 'count', default: 1e12, min: 1, max: 1e12, doc: 'How much may wait, in events; by default only bytes count.' },
  when_full: WHEN_QUEUE_FULL,
  sync_interval: {
    format: 'duration',
    default: '500ms',
    min: '0s',
    max: '1m',
    doc: 'How soon what waits is forced to the disk, so that it survives power loss; 0s: each batch at once.',
  },
} as const satisfies SettingGroup;

/** What every sink takes besides the keys of its type. */
export const SINK_SCHEMA = {
  filter: {
    kinds: { format: 'choices', default: WRITTEN_KINDS, choices: WRITTEN_KINDS, doc: 'The kinds of events that this sink gets.' },
  },
  queue: MEMORY_QUEUE,
  batch: {
    max_events: { format: 'count', default: 1000, min: 1, max: 100_000, doc: 'How many events are written to the sink at once, at most.' },
    max_bytes: { format: 'size', default: '900KiB', min: '1KiB', max: '64MiB', doc: 'How many bytes of events at once, at most.' },
    linger: {
      format: 'duration',
      default: '5ms',
      min: '0s',
      max: '1m',
      doc: 'How long an event may wait for others so that they are written at once.',
    },
  },
  retry: {
    initial: {
      format: 'duration',
      default: '100ms',
      min: '1ms',
      max: '1m',
      doc: 'How soon a failed write is repeated; the bound doubles with each failure, and the wait is a random part of it.',
    },
    max: { format: 'duration', default: '30s', min: '100ms', max: '1h', doc: 'The largest such bound.' },
    hold: {
      format: 'duration',
      default: '30s',
      min: '100ms',
      max: '1h',
      doc: 'How soon a write is repeated where somebody has to put something right first: a password, a right, a topic.',
    },
  },
  dead_letter: deadLetterSchema,
} as const satisfies SettingGroup;

export const SINK_NAME = /^[a-z0-9_-]{1,64}$/;
