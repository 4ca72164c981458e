/**
 * What subscribers get: the published records (`schemas/`, where meanings and units are), name for name as in files and JSON, narrowed by `kind`
 * so that a group that the kind carries is never null. Ids are UUID text, which can be compared, printed and used as keys; Buffers cannot.
 * Everything is read-only: argument lists are shared between the events of a process.
 */
import type { AgentGap } from '../core/agent-event.ts';
import type { ProcessEvent, Uuid } from '../core/event.ts';

/** A published record as a reader in JavaScript wants it: ids as text, nothing to be changed. */
type Readable<T> = T extends Uuid
  ? string
  : T extends Uint8Array
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Readable<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: Readable<T[Key]> }
        : T;

/** An event of any kind. (`agent_id`, `sequence`) identifies it; `agent_id` is new with every start of the monitor. `time` is microseconds since the epoch. */
export type ProcessRecord = Readable<ProcessEvent>;

type Group = 'fork' | 'exec' | 'exit' | 'ids' | 'ptrace' | 'comm' | 'coredump';
type With<G extends Group> = Omit<ProcessRecord, 'kind' | G> & { readonly [Key in G]: NonNullable<ProcessRecord[Key]> };

/** `process` is the child, with what it has from its parent; `parent` the process that forked. */
export interface ForkRecord extends With<'fork'> {
  readonly kind: 'FORK';
}
/** A new image: `process` is what runs now, `parent` with its executable, arguments and ancestors. */
export interface ExecRecord extends With<'exec'> {
  readonly kind: 'EXEC';
}
/** The end of a process, with what it was; `exit` has the code or the signal, and how long it lived in microseconds. */
export interface ExitRecord extends With<'exit'> {
  readonly kind: 'EXIT';
}
export interface UidRecord extends With<'ids'> {
  readonly kind: 'UID';
}
export interface GidRecord extends With<'ids'> {
  readonly kind: 'GID';
}
export interface SidRecord extends With<never> {
  readonly kind: 'SID';
}
export interface PtraceRecord extends With<'ptrace'> {
  readonly kind: 'PTRACE';
}
export interface CommRecord extends With<'comm'> {
  readonly kind: 'COMM';
}
export interface CoredumpRecord extends With<'coredump'> {
  readonly kind: 'COREDUMP';
}
/** A process that was found running: it was there before the monitor, or its own events were lost. */
export interface SnapshotRecord extends With<never> {
  readonly kind: 'SNAPSHOT';
}

/** What can be subscribed to, and what is then delivered. */
export interface RecordsByKind {
  fork: ForkRecord;
  exec: ExecRecord | SnapshotRecord;
  exit: ExitRecord;
  uid: UidRecord;
  gid: GidRecord;
  sid: SidRecord;
  ptrace: PtraceRecord;
  comm: CommRecord;
  coredump: CoredumpRecord;
}
export type MonitorKind = keyof RecordsByKind;
/** What subscribers of these kinds get. */
export type RecordOf<K extends MonitorKind> = RecordsByKind[K];

/**
 * Events that are missing here: `gap.count` of them (at least, where `gap.exact` is false) between `gap.from_time` and `gap.to_time`.
 * `gap.stage` is `kernel` for what was lost before it could be heard, and `subscriber` for what this subscriber was too slow to take.
 */
export interface GapRecord {
  readonly kind: 'GAP';
  /** Microseconds since the epoch. */
  readonly time: number;
  readonly monotonic_us: number;
  readonly gap: Readonly<AgentGap>;
}
