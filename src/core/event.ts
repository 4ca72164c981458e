/**
 * ProcessEvent, property for property as in `schemas/ProcessEvent.v1.avsc` (the documentation of meanings and units is there; a test compares the two).
 * Ids are 16 bytes; only views for people show them as UUID text.
 */
export type RecordStream = 'process' | 'agent';
export type Uuid = Buffer;

export const PROCESS_KINDS = ['UNKNOWN', 'FORK', 'EXEC', 'EXIT', 'UID', 'GID', 'SID', 'PTRACE', 'COMM', 'COREDUMP', 'SNAPSHOT'] as const;
export type ProcessKind = (typeof PROCESS_KINDS)[number];

/** KERNEL: race-free kernel record; DERIVED: computed from the kernel's stamp; LIVE: /proc at the time; CACHED: known since earlier; INHERITED: from the parent at fork. */
export const PROVENANCES = ['MISSING', 'KERNEL', 'DERIVED', 'LIVE', 'CACHED', 'INHERITED', 'AUDIT'] as const;
export type ProvenanceKind = (typeof PROVENANCES)[number];

/** What deserves a look; not a verdict. */
export const MARKS = ['UNKNOWN', 'ESCALATION', 'SHELL_ON_SOCKET', 'NAME_MISMATCH'] as const;
export type Mark = (typeof MARKS)[number];

export interface Host {
  host_id: Uuid;
  boot_id: Uuid;
  hostname: string;
  /** EXEC and SNAPSHOT only. */
  labels: Record<string, string> | null;
}

export interface ExeFile {
  inode: number | null;
  device: number | null;
  mtime: number | null;
  deleted: boolean;
  memfd: boolean;
  setuid: boolean | null;
  setgid: boolean | null;
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
  /** null: none. Shared between events. */
  marks: readonly Mark[] | null;
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
  /** 0–255; null when a signal ended it, or nobody knows. */
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
  /** Kernel stamp → end of capture, or → receipt where nothing was captured; of a SNAPSHOT: how long its capture took. */
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
