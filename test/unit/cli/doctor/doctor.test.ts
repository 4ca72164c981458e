import { describe, expect, it } from 'vitest';
import { examineHost } from '../../../../src/cli/doctor.ts';
import type { Check } from '../../../../src/cli/doctor/finding.ts';
import { renderChecks } from '../../../../src/cli/doctor/render.ts';
import { kernelRelease } from '../../../../src/cli/host.ts';
import { runCli } from '../../../../src/cli/program.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import { fakeActions, fakeIo } from '../fake-io.ts';
import { MOUNTS, STATUS_NOBODY, STATUS_ROOT, recorded } from './recorded.ts';

const doctor = async (argv: readonly string[] = [], selfTest = fakeActions().selfTest) => {
  const io = fakeIo();
  const code = await runCli(['doctor', '--set', 'agent.data_dir=/tmp/forkcast-doctor-test', ...argv], io, { ...fakeActions(), selfTest });
  return { code, out: io.stdout.text, err: io.stderr.text };
};
const checksOf = (out: string) => (JSON.parse(out) as { ok: boolean; checks: Check[] }).checks;

it('finds nothing wrong as root on an ordinary host', () => {
  const files = recorded({
    '/proc/self/status': STATUS_ROOT,
    '/proc/self/mountinfo': MOUNTS.v2,
    '/proc/sys/net/core/rmem_max': '212992\n',
  });
  expect(examineHost(files, kernelRelease('6.18.44'), loadConfig().config).filter(({ status }) => status !== 'ok')).toEqual([]);
});

it('says what an ordinary user lacks', () => {
  const files = recorded({
    '/proc/self/status': STATUS_NOBODY,
    '/proc/self/mountinfo': MOUNTS.hidepid,
    '/proc/sys/net/core/rmem_max': '212992\n',
  });
  const lacking = examineHost(files, kernelRelease('6.18.44'), loadConfig().config).filter(({ status }) => status === 'degraded');
  expect(lacking.map(({ name }) => name)).toEqual(['CAP_NET_ADMIN', 'CAP_SYS_PTRACE', 'receive buffer', '/proc']);
  for (const check of lacking)
    expect(check).toMatchObject({ consequence: expect.any(String) as string, fix: expect.any(String) as string });
});

it('ends with 1 when the connector is silent and there is no fallback, and says what to do last', async () => {
  const { code, out } = await doctor(['--set', 'source.fallback=none'], () =>
    Promise.resolve({ ok: false, reason: 'no answer within 1 s', fix: 'use a kernel with CONFIG_PROC_EVENTS' }),
  );
  expect(code).toBe(1);
  expect(out).toMatch(/^X {2}process events +no answer within 1 s$/m);
  expect(out).toMatch(/\n\nThe agent cannot run here\. Begin with [^\n]+\.\n$/);
});

it('is content with a fallback where the connector is silent, and says what that misses', async () => {
  const { code, out } = await doctor(['--json'], () => Promise.resolve({ ok: false, reason: 'no answer', fix: 'do this' }));
  expect(code).toBe(0);
  expect(checksOf(out)).toContainEqual(
    expect.objectContaining({ name: 'process events', status: 'degraded', consequence: expect.stringContaining('/proc') as string }),
  );
});

it('takes a self-test that throws for one that failed', async () => {
  const { code, out } = await doctor(['--json', '--set', 'source.fallback=none'], () =>
    Promise.reject(new AgentError('NETLINK_PERMISSION', 'not permitted', { fix: 'be root' })),
  );
  expect(code).toBe(1);
  expect(checksOf(out)).toContainEqual({
    name: 'process events',
    status: 'failed',
    found: 'not permitted',
    consequence: 'no event can be heard',
    fix: 'be root',
  });
});

it('goes on with the defaults when the configuration is wrong', async () => {
  const { code, out } = await doctor(['--json', '--set', 'source.threads=5']);
  expect(code).toBe(1);
  expect(checksOf(out).length).toBeGreaterThan(10);
  expect(checksOf(out)).toContainEqual(
    expect.objectContaining({ name: 'configuration', status: 'failed', found: 'the configuration has one error' }),
  );
});

it('--json has name, status, found, consequence and fix of each check', async () => {
  const checks = checksOf((await doctor(['--json'])).out);
  for (const check of checks) expect(Object.keys(check)).toEqual(['name', 'status', 'found', 'consequence', 'fix']);
  expect(checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'kernel',
      'pid namespace',
      'CAP_NET_ADMIN',
      'receive buffer',
      '/proc',
      'cgroups',
      'process events',
      'node',
      'data_dir',
      'sink disk',
    ]),
  );
});

describe('the table', () => {
  const CHECKS: Check[] = [
    { name: 'a', status: 'ok', found: 'fine', consequence: null, fix: null },
    { name: 'longer', status: 'degraded', found: 'so-so', consequence: 'slower', fix: 'hurry' },
    { name: 'c', status: 'failed', found: 'broken', consequence: null, fix: 'mend it' },
  ];
  it('is aligned, in ASCII without a UTF-8 locale', () => {
    expect(renderChecks(CHECKS, fakeIo())).toBe(
      'ok a       fine\n!  longer  so-so\n           slower\n           fix: hurry\nX  c       broken\n           fix: mend it\n\nThe agent cannot run here. Begin with c: mend it.\n',
    );
  });
  it('has signs with one', () => {
    expect(renderChecks(CHECKS, fakeIo({ LANG: 'de_DE.UTF-8' }))).toMatch(/^✓ a {7}fine\n! longer {2}so-so\n[^]*\n✗ c {7}broken\n/);
    expect(renderChecks(CHECKS, fakeIo({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }))).toMatch(/^ok a/);
  });
  it('is coloured on a terminal', () => {
    expect(renderChecks(CHECKS, fakeIo({}, true))).toContain('\u001b[31m');
  });
  it('breaks long lines under their column', () => {
    const [check] = renderChecks(
      [{ name: 'a', status: 'ok', found: 'word '.repeat(40).trim(), consequence: null, fix: null }],
      fakeIo(),
    ).split('\n\n');
    const lines = (check ?? '').split('\n');
    expect(lines.length).toBe(3);
    expect(lines.every((line) => line.length <= 100)).toBe(true);
    expect(lines.slice(1).every((line) => line.startsWith('      word'))).toBe(true);
  });
  it('says at the end what to do next', () => {
    const last = (checks: readonly Check[]) => renderChecks(checks, fakeIo()).trimEnd().split('\n').at(-1);
    expect(last(CHECKS.slice(0, 1))).toBe('The agent can run here, with all it offers. Next: forkcast run');
    expect(last(CHECKS.slice(0, 2))).toBe('The agent can run here, with limits (longer). Next: forkcast run');
  });
});
