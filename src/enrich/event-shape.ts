/**
 * The one place where ProcessEvents are made: a single literal each for event and process, all properties present and in schema order, so
 * that every event has the same hidden class and encoders stay fast. Rules fill in what their kind carries.
 */
import type { Container, ProcessEvent, ProcessInfo } from '../core/event.ts';
import type { KernelEvent, RecoveredEvent, SnapshotEvent } from '../core/kernel-event.ts';
import type { EnrichContext } from './context.ts';
import { tableProvenance } from './provenance.ts';
import { OWN_IMAGE, START_UNKNOWN, type Entry } from './table/entry.ts';

/** The event with who it is about and what the table's knowledge is worth; the rest is null. `sequence` is 0 until it is stamped. */
export function newProcessEvent(ctx: EnrichContext, heard: KernelEvent | SnapshotEvent | RecoveredEvent, entry: Entry): ProcessEvent {
  const kind = heard.kind === 'RECOVERED' ? 'EXEC' : heard.kind;
  const isMessage = heard.kind !== 'SNAPSHOT' && heard.kind !== 'RECOVERED';
  const identity = ctx.identity;
  return {
    kind,
    time: heard.timeUs,
    monotonic_us: Math.floor(heard.monotonicNs / 1000),
    cpu: isMessage ? heard.cpu : null,
    kernel_seq: isMessage ? heard.kernelSeq : null,
    recovered: heard.kind === 'RECOVERED',
    agent_id: identity.agentId,
    sequence: 0,
    host: kind === 'EXEC' || kind === 'SNAPSHOT' ? identity.labelledHost : identity.host,
    process: newProcessInfo(entry, heard.pid === heard.tgid ? null : heard.pid),
    container: containerOf(ctx, entry, kind === 'EXEC' || kind === 'SNAPSHOT'),
    parent: null,
    fork: null,
    exec: null,
    exit: null,
    ids: null,
    ptrace: null,
    comm: null,
    coredump: null,
    provenance: tableProvenance(entry, isMessage ? heard.delayUs : heard.capture.delayUs),
    privacy: null,
  };
}

/** As its cgroup says, which what has forked has from its parent. `isFull`: with what does not change, and can be joined by the id on other kinds. */
export function containerOf(ctx: EnrichContext, entry: Entry, isFull: boolean): Container | null {
  const container = ctx.containers.of(entry.cgroup);
  if (container === null) return null;
  return isFull ? container.full : container.brief;
}

function newProcessInfo(entry: Entry, tid: number | null): ProcessInfo {
  return {
    pid: entry.pid,
    tid,
    entity_id: entry.id,
    exec_id: entry.has(OWN_IMAGE) && entry.image !== null ? entry.image.execId : null,
    name: entry.name,
    exe: null,
    args: null,
    args_bytes: null,
    args_truncated: false,
    args_raw: null,
    cwd: null,
    start_time: null,
    uid: entry.uid,
    gid: entry.gid,
    euid: entry.euid,
    egid: entry.egid,
    user: null,
    login_uid: null,
    audit_session: null,
    sid: null,
    pgid: null,
    tty: null,
    cgroup: null,
    ns_pid: null,
    pid_ns: null,
    exe_file: null,
    script: null,
    caps_effective: null,
    env: null,
    exe_sha256: null,
    marks: null,
  };
}

/** What every kind but FORK carries: enough to read the event without a join. */
export function addSummary(ctx: EnrichContext, process: ProcessInfo, entry: Entry): void {
  process.exe = entry.image === null ? null : entry.image.exe;
  process.user = entry.uid === null ? null : ctx.users.nameOf(entry.uid);
}

/** What EXIT repeats, so that the end alone tells what ended. */
export function addCareer(process: ProcessInfo, entry: Entry): void {
  const argv = entry.image === null ? null : entry.image.argv;
  if (argv !== null) {
    process.args = argv.args;
    process.args_bytes = argv.argsBytes;
    process.args_truncated = argv.truncated;
    process.args_raw = argv.argsRaw;
  }
  process.cgroup = entry.cgroup;
  process.start_time = entry.startSource === START_UNKNOWN ? null : entry.startUs;
}

/** What only EXEC and SNAPSHOT carry. */
export function addStanding(process: ProcessInfo, entry: Entry): void {
  process.cwd = entry.image === null ? null : entry.image.cwd;
  process.login_uid = entry.loginUid;
  process.sid = entry.sid;
  process.pgid = entry.pgid;
  process.tty = entry.tty;
  process.ns_pid = entry.nsPid;
}
