import type { AgentEvent, AnyEvent, Host, ProcessEvent, ProcessInfo, Provenance } from '../../../src/core/event.ts';

/** Sample events: two with every field set (the compiler sees to it that none is missing), and typical ones of the kinds that make up most of a stream. */
export const uuid = (n: number): Buffer => Buffer.from(`000102030405860788090a0b0c0d${n.toString(16).padStart(4, '0')}`, 'hex');

export const host: Host = { host_id: uuid(1), boot_id: uuid(2), hostname: 'web-042.example.org', labels: null };
export const labelledHost: Host = { ...host, labels: { env: 'prod', team: 'payments' } };

const provenance: Provenance = {
  identity: 'KERNEL', args: 'KERNEL', exe: 'LIVE', cgroup: 'CACHED', user: 'KERNEL', parent: 'CACHED', missing_errno: null, enrich_delay_us: null,
};

export const fullProcess: ProcessInfo = {
  pid: 4_194_304, tid: 4_194_303, entity_id: uuid(10), exec_id: uuid(11), name: 'naïve "comm"', exe: '/usr/bin/python3.12',
  args: ['python3', '-c', 'print("日本語 🐍")', '', '\u001b[31m\n'], args_bytes: 123_456, args_truncated: true,
  args_raw: Buffer.from([0x70, 0xff, 0x00, 0xfe]), cwd: '/home/ana/π', start_time: 1_767_225_600_123_456,
  uid: 4_294_967_294, gid: 1000, euid: 0, egid: 1000, user: 'ana', login_uid: 1000, audit_session: 7, sid: 4000, pgid: 4100, tty: 'pts/3',
  cgroup: '/system.slice/docker-abc.scope', ns_pid: 17, pid_ns: 4_026_532_263,
  exe_file: { inode: 9_007_199_254_740_990, device: 66_306, mtime: 1_700_000_000_000_000, deleted: true, memfd: true, setuid: true, setgid: true },
  script: { interpreter: '/bin/sh', path: './run.sh' }, caps_effective: 2_199_023_255_551, env: { LD_PRELOAD: '/tmp/x.so' }, exe_sha256: Buffer.alloc(32, 0xab),
};

export const fullProcessEvent: ProcessEvent = {
  kind: 'EXEC', time: 1_767_225_600_123_456, monotonic_us: 234_567_890_123, cpu: 127, kernel_seq: 4_294_967_299, recovered: true,
  agent_id: uuid(3), sequence: 9_007_199_254_740_990, host: labelledHost, process: fullProcess,
  container: {
    id: 'c'.repeat(64), runtime: 'containerd', name: 'web', image: 'nginx:1.27', image_id: 'sha256:00', pod_uid: 'u', pod_name: 'web-0', namespace: 'default',
    labels: { app: 'web' },
  },
  parent: {
    pid: 4000, entity_id: uuid(12), exec_id: uuid(13), name: 'bash', exe: '/bin/bash', args: ['-bash'],
    ancestors: [{ pid: 1, entity_id: uuid(14), name: 'systemd', exe: '/usr/lib/systemd/systemd' }],
  },
  fork: { is_thread: true },
  exec: { filename: './run.sh', from_thread: 4001, before: { uid: 1000, gid: 1000, euid: 1000, egid: 1000 } },
  exit: {
    code: 255, signal: 11, signal_name: 'SIGSEGV', core_dumped: true, duration_us: 1_234_567,
    usage: {
      user_us: 1, system_us: 2, resolution_us: 4000, max_rss_kib: 12_345, read_bytes: 1, write_bytes: 2, voluntary_switches: 3, involuntary_switches: 4,
    },
  },
  ids: { old_real: 1000, old_effective: 1000, new_real: 1000, new_effective: 0, escalation: true },
  ptrace: { tracer_pid: 99, tracer_entity_id: uuid(15), attach: true },
  comm: { old: 'old', new: 'new' },
  coredump: { signal: 6 },
  provenance: { ...provenance, missing_errno: 2, enrich_delay_us: 812 },
  privacy: { redacted: 2, args_hmac: Buffer.alloc(32, 0xcd) },
};

const upstream = { heard: 1000, lost: 3, own_acks: 1, deselected: 10, thread_events: 200, throttled: 0, filtered: 5, originated: 310, sequenced: 1094 };

export const fullAgentEvent: AgentEvent = {
  kind: 'START', time: 1_767_225_600_000_001, monotonic_us: 234_567_000_000, agent_id: uuid(3), sequence: 1, host: labelledHost,
  start: {
    version: '0.1.0', config_hash: 'ab12', sources: ['proc_connector'], capabilities: ['exec_cache'],
    degraded: [{ feature: 'audit', reason: 'CAP_AUDIT_READ is missing' }], sinks: [{ name: 'disk', type: 'file', sink_id: uuid(20) }],
    loss_windows: ['events in memory'],
    previous: { agent_id: uuid(4), clean: false, time: 1_767_225_500_000_000, last_sequences: { disk: 12_345 }, last_kernel_seqs: { '0': 99, '1': 4_294_967_300 } },
  },
  snapshot: { phase: 'END', processes: 312 },
  gap: { reason: 'receive_buffer', stage: 'kernel', cpu: 1, from_seq: 100, to_seq: 219, count: 120, exact: true, from_time: 1_767_225_600_000_000, to_time: 1_767_225_600_500_000 },
  checkpoint: {
    sink_id: uuid(20), checkpoint_no: 3, from_sequence: 101, to_sequence: 200, accepted: 90, filtered: 4,
    dropped: [{ from: 150, to: 160, count: 6, reason: 'queue_full' }], digest: Buffer.from('0123456789abcdef', 'hex'),
    amendments: [{ from: 1, to: 10, checkpoint_no: 1, fate: 'dead_lettered' }], upstream,
  },
  throttle: { key: 'exe=/bin/true', count: 5000, from_time: 1_767_225_600_000_000, to_time: 1_767_225_601_000_000, by_kind: { FORK: 2500, EXIT: 2500 } },
  canary: { sink_id: uuid(20), latency_us: 12_345, ok: true },
  reload: { config_hash: 'cd34', ok: false, reason: 'sinks.siem.brokers: missing' },
  stop: { reason: 'signal', clean: true, upstream },
};

const sparseProcess: ProcessInfo = {
  pid: 24_020, tid: null, entity_id: uuid(100), exec_id: null, name: 'bash', exe: null, args: null, args_bytes: null, args_truncated: false, args_raw: null,
  cwd: null, start_time: 1_767_225_600_110_000, uid: 1000, gid: 1000, euid: 1000, egid: 1000, user: 'ana', login_uid: 1000, audit_session: 7,
  sid: null, pgid: null, tty: null, cgroup: null, ns_pid: null, pid_ns: null, exe_file: null, script: null, caps_effective: null, env: null, exe_sha256: null,
};

export const forkEvent: ProcessEvent = {
  kind: 'FORK', time: 1_767_225_600_123_456, monotonic_us: 234_567_890_123, cpu: 1, kernel_seq: 5_000_000, recovered: false, agent_id: uuid(3), sequence: 70_001,
  host, process: { ...sparseProcess, user: null, login_uid: null, audit_session: null }, container: null,
  parent: { pid: 23_979, entity_id: uuid(99), exec_id: uuid(98), name: null, exe: null, args: null, ancestors: null },
  fork: { is_thread: false }, exec: null, exit: null, ids: null, ptrace: null, comm: null, coredump: null,
  provenance: { ...provenance, args: 'INHERITED', exe: 'INHERITED', cgroup: 'INHERITED', user: 'INHERITED' }, privacy: null,
};

export const execEvent: ProcessEvent = {
  ...forkEvent, kind: 'EXEC', sequence: 70_002, kernel_seq: 5_000_001, host: labelledHost,
  process: {
    ...sparseProcess, exec_id: uuid(101), name: 'ls', exe: '/usr/bin/ls', args: ['ls', '--color=auto', '-l', '/var/log/nginx'], args_bytes: 36, cwd: '/home/ana',
    sid: 23_979, pgid: 24_020, tty: 'pts/3', cgroup: '/user.slice/user-1000.slice/session-7.scope',
    exe_file: { inode: 1_442_066, device: 66_306, mtime: 1_700_000_000_000_000, deleted: false, memfd: false, setuid: false, setgid: false }, caps_effective: 0,
  },
  parent: {
    pid: 23_979, entity_id: uuid(99), exec_id: uuid(98), name: 'bash', exe: '/usr/bin/bash', args: ['-bash'],
    ancestors: [{ pid: 23_970, entity_id: uuid(97), name: 'sshd', exe: '/usr/sbin/sshd' }, { pid: 1, entity_id: uuid(96), name: 'systemd', exe: '/usr/lib/systemd/systemd' }],
  },
  fork: null, exec: { filename: '/usr/bin/ls', from_thread: null, before: null }, provenance: { ...provenance, enrich_delay_us: 412 },
};

export const exitEvent: ProcessEvent = {
  ...forkEvent, kind: 'EXIT', sequence: 70_003, kernel_seq: 5_000_002,
  process: { ...sparseProcess, exec_id: uuid(101), name: 'ls', exe: '/usr/bin/ls' },
  fork: null,
  exit: {
    code: 0, signal: null, signal_name: null, core_dumped: false, duration_us: 1830,
    usage: { user_us: 900, system_us: 700, resolution_us: 1, max_rss_kib: 3200, read_bytes: 0, write_bytes: 0, voluntary_switches: 1, involuntary_switches: 0 },
  },
};

export const asProcess = (event: ProcessEvent): AnyEvent => ({ stream: 'process', event });
export const asAgent = (event: AgentEvent): AnyEvent => ({ stream: 'agent', event });
