/** Numbers of the capabilities that matter here, from linux/capability.h. */
export const CAPABILITIES = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_ADMIN: 12,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_AUDIT_CONTROL: 30,
  CAP_AUDIT_READ: 37,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;
export type Capability = keyof typeof CAPABILITIES;

/** The effective capabilities of a process, from its /proc/<pid>/status; empty when that cannot be read. */
export function effectiveCapabilities(status: string | undefined): ReadonlySet<Capability> {
  const [, mask] = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status ?? '') ?? [];
  const bits = BigInt(`0x${mask ?? '0'}`);
  const held = Object.entries(CAPABILITIES).filter(([, bit]) => ((bits >> BigInt(bit)) & 1n) === 1n);
  return new Set(held.map(([name]) => name as Capability));
}
