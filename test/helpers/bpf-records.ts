import {
  CGROUPS_AT,
  Cgroup,
  EXEC_FIXED_BYTES,
  EXIT_BYTES,
  Exec,
  ExecFlag,
  Exit,
  FORK_BYTES,
  Head,
  RecordType,
  Tail,
} from '../../src/ingest/capture/bpf/layout.ts';

/** Ids by place: unified, systemd, pids, memory, cpu. */
export type CgroupIds = readonly number[];

export interface HeadFields {
  readonly tgid: number;
  readonly stampNs: number;
  readonly flags?: number;
  readonly startBootNs?: number;
  readonly startMonotonicNs?: number;
  readonly parent?: number;
  readonly thread?: number;
}

export interface ExecFields extends HeadFields {
  readonly cgroups?: CgroupIds;
  readonly filename?: string;
  readonly interpreter?: string;
  /** Absolute. */
  readonly exe?: string;
  readonly cwd?: string;
  /** What the record holds of argv. */
  readonly args?: Uint8Array;
  /** Original size; default: that of `args`. */
  readonly argsTotal?: number;
  readonly argsAddress?: number;
  readonly comm?: string;
  /** Further fields by their offset: u32, or u64 where the number is greater. */
  readonly words?: Readonly<Record<number, number>>;
  readonly wide?: Readonly<Record<number, number>>;
}

function head(record: Buffer, type: number, of: HeadFields): void {
  record.writeUInt16LE(type, Head.TYPE);
  record.writeUInt16LE(of.flags ?? 0, Head.FLAGS);
  record.writeUInt32LE(of.tgid, Head.TGID);
  put64(record, Head.STAMP, of.stampNs);
  put64(record, Head.START_BOOT, of.startBootNs ?? 0);
  put64(record, Head.START_MONOTONIC, of.startMonotonicNs ?? 0);
  record.writeUInt32LE(of.parent ?? 0, Head.PARENT);
  record.writeUInt32LE(of.thread ?? of.tgid, Head.THREAD);
}

function put64(record: Buffer, at: number, value: number): void {
  record.writeBigUInt64LE(BigInt(value), at);
}

function putCgroups(record: Buffer, at: number, ids: CgroupIds): void {
  for (const [place, id] of ids.entries()) put64(record, at + 8 * place, id);
}

/** "/usr/bin/true" as the programs write it: "true\0bin\0usr\0". */
export function names(path: string): Buffer {
  const parts = path.split('/').filter((name) => name !== '');
  return Buffer.from(
    parts
      .toReversed()
      .map((name) => `${name}\0`)
      .join(''),
    'latin1',
  );
}

export function execRecord(of: ExecFields): Buffer {
  const text = (value: string | undefined): Buffer => Buffer.from(value === undefined ? '' : `${value}\0`);
  const parts = [text(of.filename), text(of.interpreter), names(of.exe ?? '/bin/true'), names(of.cwd ?? '/')];
  const args = Buffer.from(of.args ?? Buffer.from('true\0'));
  const fixed = Buffer.alloc(EXEC_FIXED_BYTES);
  head(fixed, RecordType.EXEC, of);
  putCgroups(fixed, CGROUPS_AT, of.cgroups ?? []);
  for (const [i, at] of [Exec.FILENAME_BYTES, Exec.INTERPRETER_BYTES, Exec.EXE_BYTES, Exec.CWD_BYTES].entries())
    fixed.writeUInt16LE(parts[i]!.length, at);
  fixed.writeUInt32LE(args.length, Exec.ARGS_BYTES);
  fixed.writeUInt32LE(of.argsTotal ?? args.length, Exec.ARGS_TOTAL);
  put64(fixed, Exec.ARGS_ADDRESS, of.argsAddress ?? 0x7ffc_0000_0000);
  fixed.write(of.comm ?? 'true', Exec.COMM, 15, 'utf8');
  for (const [at, value] of Object.entries(of.words ?? {})) fixed.writeUInt32LE(value, Number(at));
  for (const [at, value] of Object.entries(of.wide ?? {})) put64(fixed, Number(at), value);
  return padded(Buffer.concat([fixed, ...parts, args]));
}

export function tailRecord({ tgid, stampNs, text }: { tgid: number; stampNs: number; text: Uint8Array }): Buffer {
  const record = Buffer.alloc(Tail.TEXT + text.length);
  record.writeUInt16LE(RecordType.TAIL, Head.TYPE);
  record.writeUInt32LE(tgid, Head.TGID);
  put64(record, Head.STAMP, stampNs);
  record.writeUInt32LE(text.length, Tail.BYTES);
  record.set(text, Tail.TEXT);
  return padded(record);
}

/** What the programs make of an argv of which they keep `headBytes` and `tailBytes`: the tail, where there is one, then the exec. */
export function longExecRecords(
  of: ExecFields & { readonly args: Uint8Array; readonly headBytes: number; readonly tailBytes: number },
): Buffer[] {
  const { args, headBytes, tailBytes, tgid, stampNs } = of;
  const text = args.subarray(Math.max(headBytes, args.length - tailBytes));
  const flags = (of.flags ?? 0) | ExecFlag.ARGS_TAIL;
  return [tailRecord({ tgid, stampNs, text }), execRecord({ ...of, flags, args: args.subarray(0, headBytes), argsTotal: args.length })];
}

export function forkRecord(of: HeadFields & { readonly cgroups?: CgroupIds }): Buffer {
  const record = Buffer.alloc(FORK_BYTES);
  head(record, RecordType.FORK, of);
  putCgroups(record, CGROUPS_AT, of.cgroups ?? []);
  return record;
}

export type ExitNumbers = Partial<Record<Exclude<keyof typeof Exit, 'STATUS' | 'THREADS_LEFT' | 'COMM'>, number>>;

export function exitRecord(of: HeadFields & { readonly status?: number; readonly numbers?: ExitNumbers }): Buffer {
  const record = Buffer.alloc(EXIT_BYTES);
  head(record, RecordType.EXIT, of);
  record.writeUInt32LE(of.status ?? 0, Exit.STATUS);
  for (const [name, value] of Object.entries(of.numbers ?? {})) put64(record, Exit[name as keyof typeof Exit], value);
  return record;
}

export interface CgroupFields {
  readonly type: number;
  readonly hierarchy: number;
  readonly id: number;
  readonly path: string;
  readonly stampNs?: number;
  readonly flags?: number;
  readonly tgid?: number;
  readonly cgroups?: CgroupIds;
}

export function cgroupRecord(of: CgroupFields): Buffer {
  const path = Buffer.from(`${of.path}\0`, 'latin1');
  const record = Buffer.alloc(Cgroup.PATH + path.length);
  record.writeUInt16LE(of.type, Head.TYPE);
  record.writeUInt16LE(of.flags ?? 0, Head.FLAGS);
  record.writeUInt32LE(of.tgid ?? 0, Head.TGID);
  put64(record, Head.STAMP, of.stampNs ?? 1);
  put64(record, Cgroup.ID, of.id);
  record.writeUInt32LE(of.hierarchy, Cgroup.HIERARCHY);
  record.writeUInt32LE(path.length, Cgroup.PATH_BYTES);
  putCgroups(record, Cgroup.CGROUPS, of.cgroups ?? []);
  record.set(path, Cgroup.PATH);
  return padded(record);
}

function padded(record: Buffer): Buffer {
  return Buffer.concat([record, Buffer.alloc((8 - (record.length % 8)) % 8)]);
}
