import type { Capability } from '../../core/capabilities.ts';
import { ok } from './finding.ts';
import type { Check } from './finding.ts';
import type { Mount } from './mounts.ts';

export function checkProc(mounts: readonly Mount[], held: ReadonlySet<Capability>): Check {
  const name = '/proc';
  // The last one mounted covers those before it.
  const mount = mounts.findLast(({ point, type }) => point === '/proc' && type === 'proc');
  if (mount === undefined) {
    return {
      name,
      status: 'degraded',
      found: 'not mounted',
      consequence: 'command lines, executables and containers stay unknown',
      fix: 'mount -t proc proc /proc',
    };
  }
  const hiding = mount.options.find((option) => /^(hidepid=(?!0$|off$)|subset=pid$)/.test(option));
  if (hiding === undefined) return ok(name, 'every process is visible');
  if (held.has('CAP_SYS_PTRACE')) return ok(name, `${hiding}, lifted by CAP_SYS_PTRACE`);
  return {
    name,
    status: 'degraded',
    found: `mounted with ${hiding}`,
    consequence: "command lines and all else of other users' processes stay unknown",
    fix: 'give the agent CAP_SYS_PTRACE, or put its user into the group of the gid= option of the mount',
  };
}
