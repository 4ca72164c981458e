import { existsSync, readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { effectiveCapabilities } from '../../../core/capabilities.ts';
import type { KernelKind } from '../../../core/kernel-event.ts';
import type { BpfRefusal } from '../../native/bpf.ts';

/** Why there are no records of the kernel, and what to do about it; sentences without their full stop. */
export interface Unavailable {
  readonly reason: string;
  readonly fix: string;
}

/** Where nobody asked for them. */
export const TURNED_OFF = 'enrich.exec_cache is off';
export const INSTALL_LIBBPF = 'install libbpf 0.8 or newer (Debian: apt install libbpf1; Fedora: dnf install libbpf)';
const GRANT =
  'give the agent CAP_BPF and CAP_PERFMON (systemd: AmbientCapabilities=CAP_BPF CAP_PERFMON; containers: cap_add: [BPF, PERFMON]), or run it as root';

/** What has a record: without messages of them there is nothing to match one with. */
const RECORDED: readonly KernelKind[] = ['FORK', 'EXEC', 'EXIT'];

/** Why nothing is to be recorded where the kernel lets only these kinds through; null: all of them. */
export function nothingToRecord(kinds: readonly KernelKind[] | null): Unavailable | undefined {
  if (kinds === null || RECORDED.some((kind) => kinds.includes(kind))) return undefined;
  return {
    reason: 'source.kernel_filter leaves out fork, exec and exit, so there is nothing to record',
    fix: 'add them to source.events, or set source.kernel_filter to false',
  };
}

/** What would make loading fail, by what the machine says of itself; undefined when nothing would. `root` and `sys` stand for /proc and /sys. */
export function obstacle({ root = '/proc', sys = '/sys' }: { root?: string; sys?: string } = {}): Unavailable | undefined {
  if (!existsSync(`${sys}/kernel/btf/vmlinux`))
    return {
      reason: 'this kernel has no BTF (/sys/kernel/btf/vmlinux)',
      fix: 'use a kernel from 5.8 on that is built with CONFIG_DEBUG_INFO_BTF=y',
    };
  if (lockdownOf(sys) === 'confidentiality')
    return {
      reason: 'the kernel is locked down (confidentiality): no program may read its memory',
      fix: 'boot with lockdown=integrity, or leave it: /proc is read instead',
    };
  const held = effectiveCapabilities(textOf(`${root}/thread-self/status`));
  if (held.has('CAP_SYS_ADMIN') || (held.has('CAP_BPF') && held.has('CAP_PERFMON'))) return undefined;
  const lacking = (['CAP_BPF', 'CAP_PERFMON'] as const).filter((name) => !held.has(name));
  return { reason: `${lacking.join(' and ')} ${lacking.length === 1 ? 'is' : 'are'} not held`, fix: GRANT };
}

/** /sys/kernel/security/lockdown: "none [integrity] confidentiality", the brackets around what is in force. */
function lockdownOf(sys: string): string | undefined {
  return /\[(\w+)\]/.exec(textOf(`${sys}/kernel/security/lockdown`) ?? '')?.[1];
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'latin1') : undefined;
}

/** Loading failed although nothing stood against it. */
export function refusedBy({ refused, errno, log }: BpfRefusal): Unavailable {
  const name = errno === 0 ? 'no reason given' : getSystemErrorName(-errno);
  if (refused === 'open') return { reason: `libbpf cannot open the programs: ${name}`, fix: INSTALL_LIBBPF };
  if (log !== '' && name !== 'EAGAIN')
    return {
      reason: `the kernel refuses the programs (${name}); the end of its verifier's log:\n${log}`,
      fix: 'report this with the kernel release; /proc is read instead',
    };
  return { reason: `the kernel refuses the programs: ${name}`, fix: FIXES[name] ?? 'use a kernel from 5.8 on' };
}

const FIXES: Readonly<Record<string, string>> = {
  EPERM: `${GRANT}; within a user namespace or a seccomp filter (containers) that may not be enough`,
  EAGAIN: 'start it again: signals, those of a profiler for instance, kept the kernel from reading the programs',
  ENOMEM: 'raise the memory limit of the agent',
  ESRCH: 'use a kernel whose BTF can be read (/sys/kernel/btf/vmlinux)',
};
