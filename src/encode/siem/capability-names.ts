/** By number, from linux/capability.h. A bit beyond them is named by its number. */
const NAMES =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN
  NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
  SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON
  BPF CHECKPOINT_RESTORE`.split(/\s+/);

/** A host has none, all, and a few of its services'. */
const MAX_KNOWN = 256;
const known = new Map<number, string>();

/** A set of capabilities (bit n = capability n) as the elements of a JSON array. */
export function capabilityList(set: number): string {
  let text = known.get(set);
  if (text === undefined) {
    if (known.size >= MAX_KNOWN) known.clear();
    text = listOf(set);
    known.set(set, text);
  }
  return text;
}

function listOf(set: number): string {
  const names: string[] = [];
  let rest = BigInt.asUintN(64, BigInt(set));
  for (let bit = 0; rest > 0n; bit++, rest >>= 1n) {
    if ((rest & 1n) === 1n) names.push(`"${NAMES[bit] === undefined ? bit : `CAP_${NAMES[bit]}`}"`);
  }
  return names.join(',');
}
