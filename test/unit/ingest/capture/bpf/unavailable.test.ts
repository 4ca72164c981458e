import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { obstacle, refusedBy } from '../../../../../src/ingest/capture/bpf/unavailable.ts';
import { tempDir } from '../../../../helpers/temp-dir.ts';

const ALL = '000001ffffffffff';
const NONE = '0000000000000000';

async function machine(files: Readonly<Record<string, string>>): Promise<{ root: string; sys: string }> {
  const folder = await tempDir();
  for (const [name, content] of Object.entries({
    'sys/kernel/btf/vmlinux': '',
    'proc/thread-self/status': `CapEff:\t${ALL}\n`,
    ...files,
  })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return { root: join(folder, 'proc'), sys: join(folder, 'sys') };
}

const capabilities = (mask: string) => ({ 'proc/thread-self/status': `Name:\tx\nCapEff:\t${mask}\nCapBnd:\t${ALL}\n` });

describe('what stands against records of the kernel', () => {
  it('is nothing on a usual machine, locked down for integrity or not', async () => {
    expect(obstacle(await machine({}))).toBeUndefined();
    expect(obstacle(await machine({ 'sys/kernel/security/lockdown': 'none [integrity] confidentiality\n' }))).toBeUndefined();
    expect(obstacle(await machine({ 'sys/kernel/security/lockdown': '[none] integrity confidentiality\n' }))).toBeUndefined();
  });

  it('is a kernel without type information', async () => {
    const { root } = await machine({});
    expect(obstacle({ root, sys: await tempDir() })?.reason).toContain('/sys/kernel/btf/vmlinux');
  });

  it('is a kernel that is locked down for confidentiality', async () => {
    const answer = obstacle(await machine({ 'sys/kernel/security/lockdown': 'none integrity [confidentiality]\n' }));
    expect(answer?.reason).toContain('confidentiality');
  });

  it('is a lack of capabilities, and it is said which to give', async () => {
    const answer = obstacle(await machine(capabilities(NONE)));
    expect(answer?.reason).toBe('CAP_BPF and CAP_PERFMON are not held');
    expect(answer?.fix).toContain('cap_add: [BPF, PERFMON]');
    expect(obstacle(await machine(capabilities('0000008000000000')))?.reason).toBe('CAP_PERFMON is not held');
  });

  it('is nothing for who may do everything, or just this', async () => {
    expect(obstacle(await machine(capabilities('0000000000200000')))).toBeUndefined();
    expect(obstacle(await machine(capabilities('000000c000000000')))).toBeUndefined();
  });
});

describe('a refusal', () => {
  it('of the verifier carries the end of its log', () => {
    const { reason } = refusedBy({ refused: 'load', errno: 13, log: 'R0 invalid mem access\nprocessed 9 insns' });
    expect(reason).toContain('EACCES');
    expect(reason).toContain('R0 invalid mem access\nprocessed 9 insns');
  });

  it('without a log names the error, and what helps against it', () => {
    const { reason, fix } = refusedBy({ refused: 'load', errno: 1, log: '' });
    expect(reason).toContain('EPERM');
    expect(fix).toContain('seccomp');
  });

  it('of libbpf names the library', () => {
    expect(refusedBy({ refused: 'open', errno: 95, log: '' })).toEqual({
      reason: 'libbpf cannot open the programs: ENOTSUP',
      fix: expect.stringContaining('libbpf 0.8') as string,
    });
    expect(refusedBy({ refused: 'open', errno: 0, log: '' }).reason).toContain('no reason given');
  });
});
