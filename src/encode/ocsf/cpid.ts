import { hash } from 'node:crypto';
import { endianness } from 'node:os';
import type { ProcessEvent, Uuid } from '../../core/event.ts';
import { UNKNOWN_TICKS, startTicksOf } from '../../core/start-ticks.ts';

/**
 * OCSF's common process id on Linux: a UUIDv8 (RFC 9562) of the first 16 bytes of the SHA-256 over 40 bytes, integers in the machine's
 * own byte order:
 *
 *     0  boot id            16 bytes
 *    16  pid namespace      u64, inode of the namespace in which the process was created
 *    24  start              u64, ticks as /proc/<pid>/stat prints them
 *    32  pid there          i64, the last of NStgid in /proc/<pid>/status
 *
 * It names a process from fork to exit and does not change on exec.
 */
export interface CpidInputs {
  readonly bootId: Uuid;
  readonly pidNamespace: number;
  readonly startTicks: number;
  readonly pid: number;
}

const input = Buffer.alloc(40);
const view = new DataView(input.buffer, input.byteOffset, input.length);
const isLittle = endianness() === 'LE';

export function commonProcessId({ bootId, pidNamespace, startTicks, pid }: CpidInputs): string {
  input.set(bootId, 0);
  put(16, pidNamespace);
  put(24, startTicks);
  put(32, pid);
  // Digits, not bytes: Node has a fast way for these only.
  const digits = hash('sha256', input, 'hex');
  const variant = VARIANTS[Number.parseInt(digits.charAt(16), 16) & 3] as string;
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

const VARIANTS = ['8', '9', 'a', 'b'];

/** A safe integer, without a BigInt for each. */
function put(at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  view.setUint32(isLittle ? at : at + 4, value % 2 ** 32, isLittle);
  view.setUint32(isLittle ? at + 4 : at, high, isLittle);
}

/** PROC_PID_INIT_INO of the kernel: the initial pid namespace has the same inode everywhere. */
const INITIAL_PID_NAMESPACE = 0xeffffffc;

export interface Cpid {
  readonly text: string;
  /** An input was not read but concluded: the start from the time of the fork, or that the process is in the initial pid namespace. */
  readonly isApproximate: boolean;
}

/**
 * Of the event's process, where the event says all that it is made of: EXEC and SNAPSHOT do. Outside of a container a namespace that is not
 * told is taken for the initial one.
 */
export function cpidOf({ kind, host, process, container, provenance }: ProcessEvent): Cpid | undefined {
  if (kind !== 'EXEC' && kind !== 'SNAPSHOT') return undefined;
  const startTicks = startTicksOf(process.entity_id);
  if (startTicks === UNKNOWN_TICKS) return undefined;
  const { ns_pid: nsPid, pid_ns: pidNs } = process;
  const isInner = nsPid !== null && pidNs !== null && nsPid >= 0 && pidNs >= 0;
  if (!isInner && (nsPid !== null || pidNs !== null || container !== null || process.pid < 0)) return undefined;
  return {
    text: commonProcessId({
      bootId: host.boot_id,
      pidNamespace: isInner ? pidNs : INITIAL_PID_NAMESPACE,
      startTicks,
      pid: isInner ? nsPid : process.pid,
    }),
    isApproximate: !isInner || (provenance.identity !== 'KERNEL' && provenance.identity !== 'LIVE'),
  };
}
