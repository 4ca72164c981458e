import { readlinkSync } from 'node:fs';
import { AgentError } from '../../core/errors.ts';

/** Inode numbers of the initial namespaces, fixed in the kernel: PROC_PID_INIT_INO and PROC_USER_INIT_INO of linux/proc_ns.h. */
const INITIAL = { pid: 'pid:[4026531836]', user: 'user:[4026531837]' } as const;
export type ForeignNamespace = keyof typeof INITIAL;

const REASONS: Readonly<Record<ForeignNamespace, readonly [message: string, fix: string]>> = {
  pid: [
    'the kernel takes no subscription from another than the initial pid namespace',
    'Run in that of the host (Docker: --pid=host, Kubernetes: hostPID: true).',
  ],
  user: [
    'the kernel takes no subscription from another than the initial user namespace',
    'Run in that of the host (Docker: --userns=host, and not rootless; Kubernetes: hostUsers: true).',
  ],
};

/**
 * The namespace of this process from which the kernel silently ignores subscriptions, null where it is in the initial ones or cannot tell. It has to be known
 * beforehand: what others listen for arrives there all the same, and its pids, those of the initial namespace, are other processes here.
 */
export function foreignNamespace(folder = '/proc/self/ns'): ForeignNamespace | null {
  return (['pid', 'user'] as const).find((kind) => isForeign(kind, folder)) ?? null;
}

function isForeign(kind: ForeignNamespace, folder: string): boolean {
  try {
    return readlinkSync(`${folder}/${kind}`) !== INITIAL[kind];
  } catch (error) {
    // A /proc of other processes, or a kernel without such namespaces.
    if (error instanceof Error && 'errno' in error) return false;
    throw error;
  }
}

export function notFrom(namespace: ForeignNamespace): AgentError {
  const [message, fix] = REASONS[namespace];
  return new AgentError('NETLINK_NAMESPACE', message, { fix });
}
