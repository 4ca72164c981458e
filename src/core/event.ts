/**
 * The two public record types, property for property as in `schemas/*.avsc` (their documentation of meanings and units is there; a test compares the two).
 * Ids are 16 bytes; only views for people show them as UUID text.
 */
export type RecordStream = 'process' | 'agent';
export type Uuid = Buffer;

export const PROCESS_KINDS = ['UNKNOWN', 'FORK', 'EXEC', 'EXIT', 'UID', 'GID', 'SID', 'PTRACE', 'COMM', 'COREDUMP', 'SNAPSHOT'] as const;
export type ProcessKind = (typeof PROCESS_KINDS)[number];

/** KERNEL: race-free kernel record; DERIVED: computed from the kernel's stamp; LIVE: /proc at the time; CACHED: known since earlier; INHERITED: from the parent at fork. */
export const PROVENANCES = ['MISSING', 'KERNEL', 'DERIVED', 'LIVE', 'CACHED', 'INHERITED', 'AUDIT'] as const;
export type ProvenanceKind = (typeof PROVENANCES)[number];

export interface Host {
  host_id: Uuid;
  boot_id: Uuid;
  hostname: string;
  /** EXEC and SNAPSHOT only. */
  labels: Record<string, string> | null;
}

export interface ExeFile {
  inode: number;
  device: number;
  mtime: number;
  deleted: boolean;
  memfd: boolean;
  setuid: boolean;
  setgid: boolean;
}

export interface Script {
  interpreter: string;
  path: string;
}

export interface ProcessInfo {
  pid: number;
  tid: number | null;
  entity_id: Uuid;
  /** null until the process execs an image of its own: it runs its parent's. */
  exec_id: Uuid | null;
  name: string | null;
  exe: string | null;
  args: string[] | null;
  args_bytes: number | null;
  args_truncated: boolean;
  args_raw: Uint8Array | null;
  cwd: string | null;
  /** Microseconds since the epoch. */
  start_time: number | null;
  uid: number | null;
  gid: number | null;
  euid: number | null;
  egid: number | null;
  user: string | null;
  login_uid: number | null;
  audit_session: number | null;
  sid: number | null;
  pgid: number | null;
  tty: string | null;
  cgroup: string | null;
  ns_pid: number | null;
  pid_ns: number | null;
  exe_file: ExeFile | null;
  script: Script | null;
  caps_effective: number | null;
  env: Record<string, string> | null;
  exe_sha256: Uint8Array | null;
}

export interface Container {
  id: string;
  runtime: string | null;
  name: string | null;
  image: string | null;
  image_id: string | null;
  pod_uid: string | null;
  pod_name: string | null;
  namespace: string | null;
  labels: Record<string, string> | null;
}

export interface Ancestor {
  pid: number;
  entity_id: Uuid | null;
  name: string | null;
  exe: string | null;
}

export interface Parent {
  pid: number;
  entity_id: Uuid | null;
  exec_id: Uuid | null;
  /** The rest on EXEC and SNAPSHOT only. */
  name: string | null;
  exe: string | null;
  args: string[] | null;
  ancestors: Ancestor[] | null;
}

export interface ForkInfo {
  is_thread: boolean;
}
export interface ExecInfo {
  /** As given to execve, where a race-free record says it. */
  filename: string | null;
  from_thread: number | null;
  /** Ids before a set-id image changed them. */
  before: { uid: number; gid: number; euid: number; egid: number } | null;
}
export interface Usage {
  user_us: number;
  system_us: number;
  resolution_us: number;
  max_rss_kib: number;
  read_bytes: number;
  write_bytes: number;
  voluntary_switches: number;
  involuntary_switches: number;
}
export interface ExitInfo {
  /** 0–255; null when a signal ended it. */
  code: number | null;
  signal: number | null;
  signal_name: string | null;
  core_dumped: boolean;
  duration_us: number | null;
  usage: Usage | null;
}
/** UID event: user ids, GID event: group ids. Old values are null where the process was not known. */
export interface IdsInfo {
  old_real: number | null;
  old_effective: number | null;
  new_real: number;
  new_effective: number;
  escalation: boolean;
}
export interface PtraceInfo {
  tracer_pid: number;
  tracer_entity_id: Uuid | null;
  attach: boolean;
}
export interface CommInfo {
  old: string | null;
  new: string;
}
export interface CoredumpInfo {
  signal: number | null;
}

export interface Provenance {
  identity: ProvenanceKind;
  args: ProvenanceKind;
  exe: ProvenanceKind;
  cgroup: ProvenanceKind;
  user: ProvenanceKind;
  parent: ProvenanceKind;
  /** errno of the first group that is MISSING, where reading was tried. */
  missing_errno: number | null;
  /** Kernel stamp → end of capture; null where nothing had to be captured. */
  enrich_delay_us: number | null;
}

export interface Privacy {
  redacted: number;
  args_hmac: Uint8Array | null;
}

export interface ProcessEvent {
  kind: ProcessKind;
  time: number;
  monotonic_us: number;
  cpu: number | null;
  kernel_seq: number | null;
  recovered: boolean;
  agent_id: Uuid;
  sequence: number;
  host: Host;
  process: ProcessInfo;
  container: Container | null;
  parent: Parent | null;
  fork: ForkInfo | null;
  exec: ExecInfo | null;
  exit: ExitInfo | null;
  ids: IdsInfo | null;
  ptrace: PtraceInfo | null;
  comm: CommInfo | null;
  coredump: CoredumpInfo | null;
  provenance: Provenance;
  privacy: Privacy | null;
}

export interface SequenceRange {
  from: number;
  to: number;
  count: number;
}
export interface Dropped extends SequenceRange {
  reason: string;
}

/** The upstream ledger: heard + lost = generated; heard = the rest + sequenced. Totals since the start of the run. */
export interface UpstreamLedger {
  heard: number;
  lost: number;
  own_acks: number;
  deselected: number;
  thread_events: number;
  throttled: number;
  filtered: number;
  /** Sequenced events that no kernel message caused: snapshot, recovered and the agent's own. */
  originated: number;
  sequenced: number;
}

export interface PreviousRun {
  agent_id: Uuid;
  clean: boolean;
  time: number;
  last_sequences: Record<string, number>;
  last_kernel_seqs: Record<string, number>;
}

export interface AgentStart {
  version: string;
  config_hash: string;
  sources: string[];
  capabilities: string[];
  degraded: { feature: string; reason: string }[];
  sinks: { name: string; type: string; sink_id: Uuid }[];
  loss_windows: string[];
  previous: PreviousRun | null;
}
export interface AgentSnapshot {
  phase: 'UNKNOWN' | 'BEGIN' | 'END';
  processes: number;
}
export interface AgentGap {
  /** receive_buffer | tail | … */
  reason: string;
  stage: string;
  cpu: number | null;
  from_seq: number | null;
  to_seq: number | null;
  count: number;
  exact: boolean;
  from_time: number;
  to_time: number;
}
export interface AgentCheckpoint {
  sink_id: Uuid;
  checkpoint_no: number;
  from_sequence: number;
  to_sequence: number;
  accepted: number;
  filtered: number;
  dropped: Dropped[];
  /** Σ mod 2^64 of a 64-bit hash of (agent_id, sequence) over the accepted, 8 bytes big-endian. */
  digest: Uint8Array;
  amendments: { from: number; to: number; checkpoint_no: number; fate: string }[];
  upstream: UpstreamLedger;
}
export interface AgentThrottle {
  key: string;
  count: number;
  from_time: number;
  to_time: number;
  by_kind: Record<string, number>;
}
export interface AgentCanary {
  sink_id: Uuid | null;
  latency_us: number;
  ok: boolean;
}
export interface AgentReload {
  config_hash: string;
  ok: boolean;
  reason: string | null;
}
export interface AgentStop {
  reason: string;
  clean: boolean;
  upstream: UpstreamLedger;
}

export const AGENT_KINDS = ['UNKNOWN', 'START', 'SNAPSHOT', 'GAP', 'CHECKPOINT', 'THROTTLE', 'CANARY', 'RELOAD', 'STOP'] as const;
export type AgentKind = (typeof AGENT_KINDS)[number];

export interface AgentEvent {
  kind: AgentKind;
  time: number;
  monotonic_us: number;
  agent_id: Uuid;
  /** Dense with the ProcessEvents' sequence; null on CHECKPOINT. */
  sequence: number | null;
  host: Host;
  start: AgentStart | null;
  snapshot: AgentSnapshot | null;
  gap: AgentGap | null;
  checkpoint: AgentCheckpoint | null;
  throttle: AgentThrottle | null;
  canary: AgentCanary | null;
  reload: AgentReload | null;
  stop: AgentStop | null;
}

/** Either record, as it travels between enrichment and the encoders. */
export type AnyEvent =
  { readonly stream: 'process'; readonly event: ProcessEvent } | { readonly stream: 'agent'; readonly event: AgentEvent };
