import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Capture } from '../../../../src/core/kernel-event.ts';
import { BpfRing } from '../../../../src/ingest/capture/bpf/bpf-ring.ts';
import { Exec, ExecFlag } from '../../../../src/ingest/capture/bpf/layout.ts';
import { RecordMatcher } from '../../../../src/ingest/capture/bpf/matcher.ts';
import { KernelCapture } from '../../../../src/ingest/capture/kernel-capture.ts';
import { maxRecordBytes, readCapture } from '../../../../src/ingest/capture/record.ts';
import type { ExecFields } from '../../../helpers/bpf-records.ts';
import { execRecord, longExecRecords } from '../../../helpers/bpf-records.ts';
import { FakeBpfRing } from '../../../helpers/fake-bpf.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const AT = 64;
const BASE: ExecFields = {
  tgid: 4711,
  stampNs: 5_000_000_123,
  startBootNs: 71_234_567_890,
  startMonotonicNs: 4_999_000_000,
  parent: 12,
  thread: 4713,
  filename: './bin/tool',
  exe: '/opt/bin/tool',
  cwd: '/opt',
  args: Buffer.from('tool\0--flag\0'),
  comm: 'tool',
};
const CGROUP = Buffer.from('0::/system.slice\n');

interface Options {
  readonly cgroup?: Buffer | undefined;
  readonly maxArgsBytes?: number;
  readonly root?: string;
}

function capture(records: readonly Buffer[], options: Options = {}): { capture: Capture; length: number; pid: number } {
  const { maxArgsBytes = 32 << 10, root = '/nowhere' } = options;
  const cgroup = 'cgroup' in options ? options.cgroup : CGROUP;
  const kernel = new FakeBpfRing(1 << 17);
  const ring = new BpfRing(kernel);
  const matcher = new RecordMatcher(ring, 64);
  for (const record of records) kernel.put(record);
  ring.look();
  matcher.note();
  const memory = new ArrayBuffer(AT + maxRecordBytes(maxArgsBytes));
  const target = { bytes: Buffer.from(memory).fill(0xaa), words: new Uint32Array(memory) };
  const record = matcher.takeExec(BASE.tgid, BASE.stampNs)!;
  const length = new KernelCapture(target, { maxArgsBytes, root }).write(AT, record, { stampNs: BASE.stampNs + 1000, cgroup });
  expect(target.words[AT / 4]).toBe(length);
  return { capture: readCapture(target.bytes, target.words, AT), length, pid: target.words[AT / 4 + 1]! & 0xffffff };
}

const text = (piece: Uint8Array | number | null | undefined): string | number | null | undefined =>
  piece instanceof Uint8Array ? Buffer.from(piece).toString() : piece;

/** /proc of a process: its files, and links by a leading '->'. */
async function proc(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await tempDir();
  await mkdir(join(root, String(BASE.tgid)));
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, String(BASE.tgid), name);
    await (content.startsWith('->') ? symlink(content.slice(2), path) : writeFile(path, content));
  }
  return root;
}

function stat(startTicks: number, argStart: number): string {
  const fields = Array.from({ length: 50 }, () => '0');
  fields[19] = String(startTicks);
  fields[45] = String(argStart);
  return `4711 (to) ol) R ${fields.slice(1).join(' ')}`;
}
const ADDRESS = 0x7ffc_1234_5678;
const SAME_IMAGE = stat(7123, ADDRESS);

describe('a capture of a record of the kernel', () => {
  it('has the pieces that one of /proc has, without having read anything', () => {
    const { capture: made, pid, length } = capture([execRecord(BASE)]);
    expect(pid).toBe(4711);
    expect(length % 8).toBe(0);
    expect(made.delayUs).toBe(0);
    expect(made.cmdlineBytes).toBe(12);
    const pieces = [made.cmdline, made.exe, made.cgroup, made.cwd, made.loginuid].map(text);
    expect(pieces).toEqual(['tool\0--flag\0', '/opt/bin/tool', '0::/system.slice\n', '/opt', '0']);
    expect([made.stat, made.status]).toEqual([125, 125]);
  });

  it('has what the kernel knows besides', () => {
    const words = {
      [Exec.UID]: 1000,
      [Exec.GID]: 1001,
      [Exec.EUID]: 0,
      [Exec.EGID]: 1003,
      [Exec.LOGIN_UID]: 1000,
      [Exec.AUDIT_SESSION]: 3,
      [Exec.GROUP]: 4700,
      [Exec.SESSION]: 4600,
      [Exec.TERMINAL]: 34816,
      [Exec.NS_PID]: 5,
      [Exec.PID_NS]: 4026531836,
      [Exec.EXE_MODE]: 0o104755,
      [Exec.EXE_DEVICE]: 266338304,
    };
    const wide = { [Exec.CAPABILITIES]: 2 ** 41 - 1, [Exec.EXE_INODE]: 2 ** 40 + 1, [Exec.EXE_MTIME]: 1_700_000_000_123_456_000 };
    const { kernel } = capture([execRecord({ ...BASE, words, wide })]).capture;
    const { comm, filename, interpreter, ...facts } = kernel!;
    expect([text(comm), text(filename), interpreter]).toEqual(['tool', './bin/tool', null]);
    expect(facts).toEqual({
      args: true,
      exe: true,
      cgroup: true,
      cwd: true,
      cutAt: 0,
      envStart: 0x7ffc_0000_0000 + BASE.args!.length,
      stampNs: 5_000_000_123,
      startBootNs: 71_234_567_890,
      startMonotonicNs: 4_999_000_000,
      ppid: 12,
      fromTid: 4713,
      uid: 1000,
      gid: 1001,
      euid: 0,
      egid: 1003,
      capsEffective: 2 ** 41 - 1,
      loginUid: 1000,
      auditSession: 3,
      pgid: 4700,
      sid: 4600,
      ttyNr: 34816,
      nsPid: 5,
      pidNs: 4026531836,
      exeInode: 2 ** 40 + 1,
      exeDevice: 266338304,
      exeMode: 0o104755,
      exeMtimeUs: 1_700_000_000_123_456,
    });
  });

  it('tells a script from its interpreter', () => {
    const { kernel } = capture([execRecord({ ...BASE, filename: '/opt/run', interpreter: '/usr/bin/env' })]).capture;
    expect([text(kernel?.filename), text(kernel?.interpreter)]).toEqual(['/opt/run', '/usr/bin/env']);
  });

  it.each([
    ['a deleted file', ExecFlag.EXE_DELETED, '/opt/bin/tool', '/opt/bin/tool (deleted)'],
    ['a memfd', ExecFlag.EXE_PSEUDO, '/memfd:x', '/memfd:x (deleted)'],
  ])('names %s as the kernel does', (_, flags, exe, expected) => {
    expect(text(capture([execRecord({ ...BASE, flags, exe })]).capture.exe)).toBe(expected);
  });

  it('says where a long command line was cut', () => {
    const args = Buffer.from(`tool\0${'x\0'.repeat(40_000)}end\0`);
    const { capture: made } = capture(longExecRecords({ ...BASE, args, headBytes: 24 << 10, tailBytes: 8 << 10 }));
    const line = made.cmdline as Uint8Array;
    expect(made.cmdlineBytes).toBe(args.length);
    expect(line.length).toBeLessThanOrEqual(32 << 10);
    expect(made.kernel).toMatchObject({ args: true, cutAt: (24 << 10) - 1 });
    expect(text(line.subarray(-6))).toBe('x\0end\0');
  });

  it('without some of it has an errno there, and says that it is not of the kernel', () => {
    const flags = ExecFlag.EXE_CUT | ExecFlag.CWD_CUT | ExecFlag.ARGS_FAULT;
    const { capture: made } = capture([execRecord({ ...BASE, flags, args: Buffer.alloc(0), argsTotal: 9 })], { cgroup: undefined });
    expect([made.cmdline, made.exe, made.cgroup, made.cwd]).toEqual([14, 2, 2, 2]);
    expect(made.kernel).toMatchObject({ args: false, exe: false, cgroup: false, cwd: false });
  });
});

describe('what a record cannot hold', () => {
  const incomplete = execRecord({
    ...BASE,
    argsAddress: ADDRESS,
    flags: ExecFlag.EXE_CUT | ExecFlag.CWD_CUT | ExecFlag.ARGS_FAULT,
    args: Buffer.alloc(0),
    argsTotal: 9,
  });
  const files = { cmdline: 'live\0args\0', cgroup: '0::/live\n', exe: '->/live/exe', cwd: '->/live/cwd' };

  it('is read of the process while it runs that image', async () => {
    const root = await proc({ ...files, stat: SAME_IMAGE });
    const { capture: made } = capture([incomplete], { cgroup: undefined, root });
    expect([made.cmdline, made.exe, made.cgroup, made.cwd].map(text)).toEqual(['live\0args\0', '/live/exe', '0::/live\n', '/live/cwd']);
    expect(made.kernel).toMatchObject({ args: false, exe: false, cgroup: false, cwd: false });
    expect(made.delayUs).toBeGreaterThan(0);
  });

  it.each([
    ['another process has its pid', stat(7124, ADDRESS)],
    ['it has executed something else', stat(7123, ADDRESS + 16)],
  ])('is missing when %s', async (_, line) => {
    const root = await proc({ ...files, stat: line });
    const { capture: made } = capture([incomplete], { cgroup: undefined, root });
    expect([made.cmdline, made.exe, made.cgroup, made.cwd]).toEqual([14, 3, 3, 3]);
  });

  it('is read although where its arguments lie is not shown to us', async () => {
    const root = await proc({ ...files, stat: stat(7123, 0) });
    expect(text(capture([incomplete], { cgroup: undefined, root }).capture.exe)).toBe('/live/exe');
  });

  it('includes the middle of a command line where more of it may be kept than the kernel records', async () => {
    const args = Buffer.from('x\0'.repeat(50_000));
    const records = longExecRecords({ ...BASE, argsAddress: ADDRESS, args, headBytes: 24 << 10, tailBytes: 8 << 10 });
    const root = await proc({ ...files, cmdline: args.toString(), stat: SAME_IMAGE });
    const more = capture(records, { root, maxArgsBytes: 1 << 20 }).capture;
    expect((more.cmdline as Uint8Array).length).toBe(100_000);
    expect(more.kernel).toMatchObject({ args: false, cutAt: 0 });
    const usual = capture(records, { root }).capture;
    expect(usual.kernel).toMatchObject({ args: true, cutAt: 24 << 10 });
  });
});

it('the largest capture has room in what is reserved for one', () => {
  const args = Buffer.from(`a\0${'y'.repeat(70)}\0`.repeat(1000));
  const deep = `/${Array.from({ length: 40 }, () => 'd'.repeat(99)).join('/')}`;
  const fields = { ...BASE, args, exe: deep, cwd: deep, filename: 'f'.repeat(2047), interpreter: 'i'.repeat(255) };
  const cgroup = Buffer.alloc(4096, 'c');
  const { length } = capture(longExecRecords({ ...fields, headBytes: 24 << 10, tailBytes: 8 << 10 }), { cgroup });
  expect(length).toBeLessThanOrEqual(maxRecordBytes(32 << 10));
  expect(length).toBeGreaterThan(44_000);
});
