import type { ExecInfo, ExitInfo, IdsInfo, ProcessEvent, ProcessInfo, Provenance, PtraceInfo } from '../../core/event.ts';
import { escaped } from './json-string.ts';
import { utcTimestamp } from '../text/timestamp.ts';
import { base64Text, hexText, idText } from './id-text.ts';
import { provenanceText } from './provenance-texts.ts';

/**
 * What neither view has a place for, by our names: members of `forkcast` in ECS and of `unmapped` in OCSF. What is null, false or none is
 * left out. Text without the braces, and never empty: `monotonic_us` is always there. Maps are arrays of `key=value`: a consumer that makes
 * a field of every key would have as many as there are labels in a fleet.
 */
export function processDetail(event: ProcessEvent): string {
  const { process, parent, privacy } = event;
  let text = `"monotonic_us":${event.monotonic_us}`;
  if (event.cpu !== null) text += `,"cpu":${event.cpu}`;
  if (event.kernel_seq !== null) text += `,"kernel_seq":${event.kernel_seq}`;
  if (event.recovered) text += ',"recovered":true';
  if (process.exec_id !== null) text += `,"exec_id":"${idText(process.exec_id)}"`;
  if (parent !== null && parent.exec_id !== null) text += `,"parent_exec_id":"${idText(parent.exec_id)}"`;
  text += ofVector(process) + ofStanding(process) + ofKind(event) + ofProvenance(event.provenance);
  if (privacy !== null) {
    text += `,"redacted":${privacy.redacted}`;
    if (privacy.args_hmac !== null) text += `,"args_hmac":"${hexText(privacy.args_hmac)}"`;
  }
  return text;
}

/** `args_raw`: the vector as it was, in base64, because it is not UTF-8 and cannot be text. */
function ofVector(process: ProcessInfo): string {
  let text = process.args_bytes === null ? '' : `,"args_bytes":${process.args_bytes}`;
  if (process.args_truncated) text += ',"args_truncated":true';
  if (process.args_raw !== null) text += `,"args_raw":"${base64Text(process.args_raw)}"`;
  return text;
}

function ofStanding(process: ProcessInfo): string {
  let text = process.cgroup === null ? '' : `,"cgroup":"${escaped(process.cgroup)}"`;
  if (process.login_uid !== null) text += `,"login_uid":${process.login_uid}`;
  if (process.audit_session !== null) text += `,"audit_session":${process.audit_session}`;
  if (process.pid_ns !== null) text += `,"pid_ns":${process.pid_ns}`;
  if (process.marks !== null) text += `,"marks":[${process.marks.map((mark) => `"${mark}"`).join(',')}]`;
  if (process.script !== null)
    text += `,"script":{"interpreter":"${escaped(process.script.interpreter)}","path":"${escaped(process.script.path)}"}`;
  if (process.exe_file !== null) text += ofFile(process);
  return text;
}

function ofFile({ exe_file: file }: ProcessInfo): string {
  if (file === null) return '';
  let text = `,"exe_file":{"deleted":${file.deleted},"memfd":${file.memfd}`;
  if (file.inode !== null) text += `,"inode":${file.inode}`;
  if (file.device !== null) text += `,"device":${file.device}`;
  if (file.mtime !== null) text += `,"mtime":"${utcTimestamp(file.mtime)}"`;
  if (file.setuid !== null) text += `,"setuid":${file.setuid}`;
  if (file.setgid !== null) text += `,"setgid":${file.setgid}`;
  return `${text}}`;
}

function ofKind({ fork, exec, exit, ids, ptrace, comm, coredump }: ProcessEvent): string {
  let text = '';
  if (fork !== null && fork.is_thread) text += ',"fork":{"is_thread":true}';
  if (exec !== null) text += ofExec(exec);
  if (exit !== null) text += ofExit(exit);
  if (ids !== null) text += ofIds(ids);
  if (ptrace !== null) text += ofPtrace(ptrace);
  if (comm !== null) text += `,"comm":{"new":"${escaped(comm.new)}"${comm.old === null ? '' : `,"old":"${escaped(comm.old)}"`}}`;
  if (coredump !== null) text += `,"coredump":{${coredump.signal === null ? '' : `"signal":${coredump.signal}`}}`;
  return text;
}

function ofExec({ filename, from_thread: thread, before }: ExecInfo): string {
  if (filename === null && thread === null && before === null) return '';
  const parts: string[] = [];
  if (filename !== null) parts.push(`"filename":"${escaped(filename)}"`);
  if (thread !== null) parts.push(`"from_thread":${thread}`);
  if (before !== null) parts.push(`"before":{"uid":${before.uid},"gid":${before.gid},"euid":${before.euid},"egid":${before.egid}}`);
  return `,"exec":{${parts.join(',')}}`;
}

function ofExit({ code, signal, signal_name: name, core_dumped: dumped, duration_us: duration, usage }: ExitInfo): string {
  let text = `,"exit":{"core_dumped":${dumped}`;
  if (code !== null) text += `,"code":${code}`;
  if (signal !== null) text += `,"signal":${signal}`;
  if (name !== null) text += `,"signal_name":"${escaped(name)}"`;
  if (duration !== null) text += `,"duration_us":${duration}`;
  if (usage !== null) {
    text += `,"usage":{"user_us":${usage.user_us},"system_us":${usage.system_us},"resolution_us":${usage.resolution_us},"max_rss_kib":${
      usage.max_rss_kib
    },"read_bytes":${usage.read_bytes},"write_bytes":${usage.write_bytes},"voluntary_switches":${
      usage.voluntary_switches
    },"involuntary_switches":${usage.involuntary_switches}}`;
  }
  return `${text}}`;
}

function ofIds({ old_real: oldReal, old_effective: oldEffective, new_real: real, new_effective: effective, escalation }: IdsInfo): string {
  let text = `,"ids":{"new_real":${real},"new_effective":${effective}`;
  if (oldReal !== null) text += `,"old_real":${oldReal}`;
  if (oldEffective !== null) text += `,"old_effective":${oldEffective}`;
  return `${text},"escalation":${escalation}}`;
}

function ofPtrace({ tracer_pid: pid, tracer_entity_id: id, attach }: PtraceInfo): string {
  return `,"ptrace":{"tracer_pid":${pid}${id === null ? '' : `,"tracer_entity_id":"${idText(id)}"`},"attach":${attach}}`;
}

function ofProvenance(provenance: Provenance): string {
  let text = `,"provenance":{${provenanceText(provenance)}`;
  if (provenance.missing_errno !== null) text += `,"missing_errno":${provenance.missing_errno}`;
  if (provenance.enrich_delay_us !== null) text += `,"enrich_delay_us":${provenance.enrich_delay_us}`;
  return `${text}}`;
}
