import type { Capability } from '../../core/capabilities.ts';
import { ok } from './finding.ts';
import type { Check } from './finding.ts';

interface Benefit {
  readonly brings: string;
  readonly lack: string;
}

/** The capabilities that this version makes use of. */
const USED: Readonly<Partial<Record<Capability, Benefit>>> = {
  CAP_NET_ADMIN: {
    brings: 'a receive buffer of any size',
    lack: 'the receive buffer is limited to net.core.rmem_max, so bursts are lost (and counted) earlier',
  },
  CAP_SYS_PTRACE: {
    brings: 'executable and working directory of every process',
    lack: "executable and working directory of other users' processes stay unknown; command lines, users and containers do not need it",
  },
};
/** Those that later features need; held or not, nothing changes yet. What CAP_BPF and CAP_PERFMON are for is tried. */
const UNUSED = ['CAP_DAC_READ_SEARCH', 'CAP_AUDIT_READ', 'CAP_AUDIT_CONTROL'] as const;

export function checkCapabilities(held: ReadonlySet<Capability>): Check[] {
  const used = Object.entries(USED).map(([name, { brings, lack }]): Check => {
    if (held.has(name as Capability)) return ok(name, 'held', `brings ${brings}`);
    return {
      name,
      status: 'degraded',
      found: 'not held',
      consequence: lack,
      fix: `add it (systemd: AmbientCapabilities=${name}; containers: cap_add: [${name.slice('CAP_'.length)}]), or run as root`,
    };
  });
  const idle = UNUSED.filter((name) => held.has(name));
  return [...used, ok('other capabilities', idle.length === 0 ? 'none' : idle.join(', '), 'this version makes no use of others')];
}
