import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkExecCache } from '../../../../src/cli/doctor/exec-cache.ts';
import { runCli } from '../../../../src/cli/program.ts';
import { ExecCache } from '../../../../src/ingest/capture/bpf/exec-cache.ts';
import { endTrial } from '../../../../src/ingest/exec-cache-trial.ts';
import type { ExecCacheTrial } from '../../../../src/ingest/exec-cache-trial.ts';
import { FakeBpf } from '../../../helpers/fake-bpf.ts';
import { cacheOptions } from '../../../helpers/fake-exec-cache.ts';
import { fakeActions, fakeIo } from '../fake-io.ts';

const WHOLE: ExecCacheTrial = { features: ['exec', 'fork', 'exit', 'cgroups'], missing: [] };
const LACKING: ExecCacheTrial = { reason: 'CAP_BPF is not held', fix: 'grant it' };

const doctor = async (mode: string, tryExecCache: () => Promise<ExecCacheTrial>) => {
  const io = fakeIo();
  const argv = ['doctor', '--json', '--set', 'agent.data_dir=/tmp/forkcast-doctor-test', '--set', `enrich.exec_cache=${mode}`];
  const code = await runCli(argv, io, { ...fakeActions(), tryExecCache });
  const { checks } = JSON.parse(io.stdout.text) as { checks: { name: string }[] };
  return { code, check: checks.find(({ name }) => name === 'exec cache') };
};

describe('the line of the exec cache', () => {
  it('says what is recorded', () => {
    expect(checkExecCache(WHOLE, 'auto')).toMatchObject({ status: 'ok', found: 'the kernel records exec, fork, exit, cgroups', fix: null });
    expect(checkExecCache(WHOLE, 'on').status).toBe('ok');
  });

  it('says how to have it where it was not asked for, and reproaches nobody', () => {
    const words = { status: 'ok', consequence: 'enrich.exec_cache is off; /proc is read instead' };
    expect(checkExecCache(WHOLE, 'off')).toMatchObject({ ...words, fix: 'set enrich.exec_cache to auto' });
    expect(checkExecCache(LACKING, 'off')).toMatchObject({
      ...words,
      found: 'CAP_BPF is not held',
      fix: expect.stringMatching(/^grant it, and/) as string,
    });
  });

  it('says why not, and what to do: with auto the agent runs, with on it does not', () => {
    expect(checkExecCache(LACKING, 'auto')).toMatchObject({
      status: 'degraded',
      found: 'CAP_BPF is not held; /proc is read instead',
      fix: 'grant it',
    });
    expect(checkExecCache(LACKING, 'on')).toMatchObject({
      status: 'failed',
      found: 'CAP_BPF is not held',
      fix: expect.stringMatching(/^grant it, or/) as string,
    });
  });

  it('says which part is missing, and what that costs', () => {
    const missing = [{ feature: 'exit', reason: 'the kernel refuses it', fix: 'update it' }] as const;
    const check = checkExecCache({ features: ['exec', 'fork', 'cgroups'], missing }, 'auto');
    expect(check).toMatchObject({
      status: 'degraded',
      found: 'the kernel records exec, fork, cgroups; not exit: the kernel refuses it',
      fix: 'update it',
    });
    expect(check.consequence).toContain('exit events');
  });
});

describe('the doctor', () => {
  it('does not fail for want of what auto can do without, but of what on cannot', async () => {
    expect(await doctor('auto', () => Promise.resolve(LACKING))).toMatchObject({ code: 0, check: { status: 'degraded' } });
    expect(await doctor('on', () => Promise.resolve(LACKING))).toMatchObject({ code: 1, check: { status: 'failed' } });
  });

  it('tries nothing where the configuration leaves nothing to record', async () => {
    const io = fakeIo();
    const sets = [
      'agent.data_dir=/tmp/forkcast-doctor-test',
      'enrich.exec_cache=auto',
      'source.kernel_filter=true',
      'source.events=[comm]',
    ];
    const argv = ['doctor', ...sets.flatMap((set) => ['--set', set])];
    await runCli(argv, io, { ...fakeActions(), tryExecCache: () => expect.unreachable() });
    expect(io.stdout.text).toContain('source.kernel_filter leaves out fork, exec and exit');
  });

  it('takes a trial that throws for one that failed', async () => {
    const { check } = await doctor('auto', () => Promise.reject(new Error('no thread')));
    expect(check).toMatchObject({ status: 'degraded', found: 'no thread; /proc is read instead' });
  });
});

describe('a trial', () => {
  it('leaves nothing loaded', async () => {
    const bpf = new FakeBpf();
    bpf.unloadable.set('on_exit', { errno: 22, log: '' });
    const trial = endTrial(ExecCache.open(bpf, await cacheOptions()));
    expect(trial).toMatchObject({ features: ['exec', 'fork', 'cgroups'], missing: [{ feature: 'exit' }] });
    expect(bpf.open).toBe(0);
    expect([...bpf.running]).toEqual([]);
  });

  it('without libbpf says how to get it', async () => {
    const trial = endTrial(ExecCache.open({ missing: 'libbpf is not installed (no such file)' }, await cacheOptions()));
    expect(trial).toMatchObject({
      reason: 'libbpf is not installed (no such file)',
      fix: expect.stringContaining('apt install libbpf1') as string,
    });
  });

  it('as an ordinary user names the capabilities', async () => {
    const options = await cacheOptions();
    await writeFile(join(options.root ?? '', 'thread-self/status'), 'Name:\tx\nCapEff:\t0000000000000000\n');
    const trial = endTrial(ExecCache.open(new FakeBpf(), options));
    expect(trial).toMatchObject({ reason: 'CAP_BPF and CAP_PERFMON are not held', fix: expect.stringContaining('cap_add') as string });
  });
});
