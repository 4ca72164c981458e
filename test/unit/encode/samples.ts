import type { AgentEvent } from '../../../src/core/agent-event.ts';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import type { Host, ProcessEvent, ProcessInfo, Provenance } from '../../../src/core/event.ts';

/** Typical events of the kinds that make up most of a stream. */
export const uuid = (n: number): Buffer => Buffer.from(`000102030405860788090a0b0c0d${n.toString(16).padStart(4, '0')}`, 'hex');

export const host: Host = { host_id: uuid(1), boot_id: uuid(2), hostname: 'web-042.example.org', labels: null };
export const labelledHost: Host = { ...host, labels: { env: 'prod', team: 'payments' } };

export const provenance: Provenance = {
  identity: 'KERNEL',
  args: 'KERNEL',
  exe: 'LIVE',
  cgroup: 'CACHED',
  user: 'KERNEL',
  parent: 'CACHED',
  missing_errno: null,
  enrich_delay_us: null,
};

const sparseProcess: ProcessInfo = {
  pid: 24_020,
  tid: null,
  entity_id: uuid(100),
  exec_id: null,
  name: 'bash',
  exe: null,
  args: null,
  args_bytes: null,
  args_truncated: false,
  args_raw: null,
  cwd: null,
  start_time: 1_767_225_600_110_000,
  uid: 1000,
  gid: 1000,
  euid: 1000,
  egid: 1000,
  user: 'ana',
  login_uid: 1000,
  audit_session: 7,
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

export const forkEvent: ProcessEvent = {
  kind: 'FORK',
  time: 1_767_225_600_123_456,
  monotonic_us: 234_567_890_123,
  cpu: 1,
  kernel_seq: 5_000_000,
  recovered: false,
  agent_id: uuid(3),
  sequence: 70_001,
  host,
  process: { ...sparseProcess, start_time: null, user: null, login_uid: null, audit_session: null },
  container: null,
  parent: { pid: 23_979, entity_id: uuid(99), exec_id: uuid(98), name: null, exe: null, args: null, ancestors: null },
  fork: { is_thread: false },
  exec: null,
  exit: null,
  ids: null,
  ptrace: null,
  comm: null,
  coredump: null,
  provenance: { ...provenance, args: 'INHERITED', exe: 'INHERITED', cgroup: 'INHERITED', user: 'INHERITED' },
  privacy: null,
};

export const execEvent: ProcessEvent = {
  ...forkEvent,
  kind: 'EXEC',
  sequence: 70_002,
  kernel_seq: 5_000_001,
  host: labelledHost,
  process: {
    ...sparseProcess,
    exec_id: uuid(101),
    name: 'ls',
    exe: '/usr/bin/ls',
    args: ['ls', '--color=auto', '-l', '/var/log/nginx'],
    args_bytes: 36,
    cwd: '/home/ana',
    sid: 23_979,
    pgid: 24_020,
    tty: 'pts/3',
    cgroup: '/user.slice/user-1000.slice/session-7.scope',
    exe_file: {
      inode: 1_442_066,
      device: 66_306,
      mtime: 1_700_000_000_000_000,
      deleted: false,
      memfd: false,
      setuid: false,
      setgid: false,
    },
    caps_effective: 0,
  },
  parent: {
    pid: 23_979,
    entity_id: uuid(99),
    exec_id: uuid(98),
    name: 'bash',
    exe: '/usr/bin/bash',
    args: ['-bash'],
    ancestors: [
      { pid: 23_970, entity_id: uuid(97), name: 'sshd', exe: '/usr/sbin/sshd' },
      { pid: 1, entity_id: uuid(96), name: 'systemd', exe: '/usr/lib/systemd/systemd' },
    ],
  },
  fork: null,
  exec: { filename: '/usr/bin/ls', from_thread: null, before: null },
  provenance: { ...provenance, enrich_delay_us: 412 },
};

export const exitEvent: ProcessEvent = {
  ...forkEvent,
  kind: 'EXIT',
  sequence: 70_003,
  kernel_seq: 5_000_002,
  process: { ...sparseProcess, exec_id: uuid(101), name: 'ls', exe: '/usr/bin/ls' },
  fork: null,
  exit: {
    code: 0,
    signal: null,
    signal_name: null,
    core_dumped: false,
    duration_us: 1830,
    usage: {
      user_us: 900,
      system_us: 700,
      resolution_us: 1,
      max_rss_kib: 3200,
      read_bytes: 0,
      write_bytes: 0,
      voluntary_switches: 1,
      involuntary_switches: 0,
    },
  },
};

export const asProcess = (event: ProcessEvent): AnyEvent => ({ stream: 'process', event });
export const asAgent = (event: AgentEvent): AnyEvent => ({ stream: 'agent', event });
