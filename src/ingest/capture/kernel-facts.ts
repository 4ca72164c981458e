/*
 * What the kernel recorded at an exec, as a capture carries it behind its pieces: the record of bpf/layout.ts as it was, without what the pieces hold.
 *    0 its fixed part, 200 bytes · 200 filename, 2048 bytes at most · interpreter, 256 at most, each with its NUL
 */
import type { KernelFacts } from '../../core/kernel-event.ts';
import { COMM_BYTES, EXEC_FIXED_BYTES, Exec, Head } from './bpf/layout.ts';
import type { ExecRecord, RecordMemory } from './bpf/record.ts';
import { RecordView } from './bpf/record.ts';

/** In the bits of a capture's pid that no pid has: a record of the kernel's is there; and which pieces are of it. */
export const FLAGS_SHIFT = 24;
export const CaptureFlag = { KERNEL: 1, ARGS: 2, EXE: 4, CGROUP: 8, CWD: 16 } as const;

/** Whether the capture at `at` has facts. */
export function isOfKernel(words: Uint32Array, at: number): boolean {
  return (((words[at / 4 + 1] as number) >>> FLAGS_SHIFT) & CaptureFlag.KERNEL) !== 0;
}

/** Bytes of the facts at `at`; they end unpadded. */
export function kernelFactsBytes(words: Uint32Array, at: number): number {
  const sizes = words[(at + Exec.FILENAME_BYTES) >>> 2] as number;
  return EXEC_FIXED_BYTES + (sizes & 0xffff) + (sizes >>> 16);
}

/** Writes them at `position`, which is 8-byte aligned, and returns their size. */
export function writeKernelFacts(
  { bytes, words }: RecordMemory,
  position: number,
  { record, cut }: { record: ExecRecord; cut: number },
): number {
  record.bytes.copy(bytes, position, record.at, record.exeAt);
  words[(position + Exec.CUT) >>> 2] = cut;
  return record.exeAt - record.at;
}

const shown = new RecordView();

/** `flags`: of the capture. Buffers are views. */
export function readKernelFacts(bytes: Buffer, words: Uint32Array, { at, flags }: { at: number; flags: number }): KernelFacts {
  shown.bytes = bytes;
  shown.words = words;
  shown.at = at;
  const filename = at + EXEC_FIXED_BYTES;
  const interpreter = filename + shown.u16(Exec.FILENAME_BYTES);
  const end = interpreter + shown.u16(Exec.INTERPRETER_BYTES);
  return {
    args: (flags & CaptureFlag.ARGS) !== 0,
    exe: (flags & CaptureFlag.EXE) !== 0,
    cgroup: (flags & CaptureFlag.CGROUP) !== 0,
    cwd: (flags & CaptureFlag.CWD) !== 0,
    cutAt: shown.u32(Exec.CUT),
    // The loader puts it right behind the arguments (create_elf_tables() of fs/binfmt_elf.c).
    envStart: shown.u64(Exec.ARGS_ADDRESS) + shown.u32(Exec.ARGS_TOTAL),
    stampNs: shown.stampNs,
    startBootNs: shown.u64(Head.START_BOOT),
    startMonotonicNs: shown.u64(Head.START_MONOTONIC),
    ppid: shown.u32(Head.PARENT),
    fromTid: shown.u32(Head.THREAD),
    comm: terminated(bytes, at + Exec.COMM, COMM_BYTES),
    uid: shown.u32(Exec.UID),
    gid: shown.u32(Exec.GID),
    euid: shown.u32(Exec.EUID),
    egid: shown.u32(Exec.EGID),
    capsEffective: shown.u64(Exec.CAPABILITIES),
    loginUid: shown.u32(Exec.LOGIN_UID),
    auditSession: shown.u32(Exec.AUDIT_SESSION),
    pgid: shown.u32(Exec.GROUP),
    sid: shown.u32(Exec.SESSION),
    ttyNr: shown.u32(Exec.TERMINAL),
    nsPid: shown.u32(Exec.NS_PID),
    pidNs: shown.u32(Exec.PID_NS),
    exeInode: shown.u64(Exec.EXE_INODE),
    exeDevice: shown.u32(Exec.EXE_DEVICE),
    exeMode: shown.u32(Exec.EXE_MODE),
    exeMtimeUs: Math.floor(shown.u64(Exec.EXE_MTIME) / 1000),
    filename: bytes.subarray(filename, Math.max(filename, interpreter - 1)),
    interpreter: end === interpreter ? null : bytes.subarray(interpreter, end - 1),
  };
}

function terminated(bytes: Buffer, at: number, limit: number): Buffer {
  let end = at;
  while (end < at + limit && bytes[end] !== 0) end += 1;
  return bytes.subarray(at, end);
}
