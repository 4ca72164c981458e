import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isUuidText, uuidText } from '../core/uuid.ts';
import type { UpstreamLedger } from '../core/agent-event.ts';
import type { Uuid } from '../core/event.ts';
import type { SinkLedger } from '../core/ledger.ts';

/**
 * What a run leaves behind in `state/last-run.json`: for the START event of the next one, for whoever asks how the last one ended,
 * and as the machine-readable form of the closing ledger. Replaced as a whole, written while the lock is held.
 */
export interface RunRecord {
  readonly version: 1;
  /** UUID text. */
  readonly agent_id: string;
  /** The run reached its STOP event. */
  readonly clean: boolean;
  /** Microseconds since the epoch. */
  readonly time: number;
  readonly upstream: UpstreamLedger;
  readonly sinks: readonly SinkLedger[];
  readonly last_sequence: number;
  /** The boot in which the run was, UUID text; with it the kernel's count of each CPU as far as it was heard, extended to 64 bits. */
  readonly boot_id: string;
  readonly kernel_seqs: Readonly<Record<string, number>>;
  readonly resources: { readonly cpu_us: number; readonly max_rss_kib: number; readonly seconds: number };
  readonly provenance: Readonly<Record<'args' | 'exe' | 'cgroup', Readonly<Record<string, number>>>>;
}

/** Its folder holds the lock and is not made here: where the working directory is gone too, a recursive mkdir of Node.js 24 never returns. */
export function writeRunRecord(path: string, record: RunRecord): void {
  const next = `${path}.next`;
  writeFileSync(next, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(next, path);
}

/** What the next run takes over of it, each field checked: START repeats it, and a value that no encoder takes would cost the whole event. */
export interface LastRun extends Pick<RunRecord, 'agent_id' | 'clean' | 'time' | 'last_sequence' | 'boot_id' | 'kernel_seqs'> {
  readonly sinks: readonly Readonly<Pick<SinkLedger, 'sink' | 'lastAccepted'>>[];
}

/** The record of the run before, or undefined when there is none that can be read: a damaged one must not keep the agent from starting. */
export function readRunRecord(path: string, onDamage: (reason: string) => void): LastRun | undefined {
  try {
    const record: unknown = JSON.parse(readRegular(path));
    const damage = damageOf(record);
    if (damage === undefined) return record as LastRun;
    onDamage(damage);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onDamage(error instanceof Error ? error.message : String(error));
  }
  return undefined;
}

export function readRegular(path: string): string {
  // A fifo would make it wait for a writer, and nobody could stop it.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error('it is not a regular file');
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** Where the kernel's counts stood, if it is still the same boot: the extension to 64 bits goes on from there. */
export function kernelSeqsOf(last: LastRun | undefined, bootId: Uuid): LastRun['kernel_seqs'] {
  return last?.boot_id === uuidText(bootId) ? last.kernel_seqs : {};
}

type Check = (value: unknown) => boolean;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText: Check = (value) => typeof value === 'string' && value !== '';

/** Each field with what it must be. */
const FIELDS: Readonly<Record<Exclude<keyof LastRun, 'sinks'>, readonly [Check, string]>> = {
  agent_id: [isUuidText, 'a UUID'],
  clean: [(value) => typeof value === 'boolean', 'true or false'],
  time: [isCount, 'a count of microseconds'],
  last_sequence: [isCount, 'a count'],
  boot_id: [isUuidText, 'a UUID'],
  kernel_seqs: [
    (value) => isObject(value) && Object.entries(value).every(([cpu, seq]) => /^\d{1,5}$/.test(cpu) && isCount(seq)),
    'counts by CPU',
  ],
};
const SINK_FIELDS: Readonly<Record<keyof LastRun['sinks'][number], readonly [Check, string]>> = {
  sink: [isText, 'a name'],
  lastAccepted: [isCount, 'a sequence'],
};

/** What is wrong with it, or undefined. */
function damageOf(record: unknown): string | undefined {
  if (!isObject(record)) return 'it is not an object';
  if (record['version'] !== 1) return 'it is of another version';
  const { sinks } = record;
  if (!Array.isArray(sinks)) return 'sinks is not a list';
  return wrongField(record, FIELDS) ?? sinks.map((sink: unknown, i) => wrongSink(sink, i)).find((wrong) => wrong !== undefined);
}

function wrongSink(sink: unknown, index: number): string | undefined {
  const wrong = isObject(sink) ? wrongField(sink, SINK_FIELDS) : 'is not an object';
  return wrong === undefined ? undefined : `sinks[${index}]: ${wrong}`;
}

function wrongField(
  record: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, readonly [Check, string]>>,
): string | undefined {
  const wrong = Object.entries(fields).find(([name, [check]]) => !check(record[name]));
  return wrong === undefined ? undefined : `${wrong[0]} is not ${wrong[1][1]}`;
}
