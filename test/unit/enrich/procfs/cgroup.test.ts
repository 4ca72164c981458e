import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCgroup } from '../../../../src/enrich/procfs/cgroup.ts';
import { shared } from '../fixtures.ts';

const of = (...lines: string[]) => parseCgroup(shared(lines.map((line) => `${line}\n`).join('')));

describe('parseCgroup', () => {
  it('takes the v2 path on a unified host', () => {
    expect(of('0::/user.slice/user-1000.slice/session-2.scope')).toBe('/user.slice/user-1000.slice/session-2.scope');
  });

  it('takes the most specific path of the hierarchies that runtimes keep, on a hybrid host', () => {
    expect(
      of('9:name=systemd:/', '8:pids:/docker/abc', '4:memory:/docker/abcdef', '3:cpuset:/a/much/longer/path/of/no/interest', '0::/'),
    ).toBe('/docker/abcdef');
  });

  it('finds a controller among those mounted with it', () => {
    expect(of('5:cpuacct,cpu:/kubepods/pod1', '4:cpuset:/longer/than/the/other', '0::/')).toBe('/kubepods/pod1');
  });

  it('prefers systemd, then pids, among equally long paths', () => {
    expect(of('4:memory:/b', '8:pids:/c', '9:name=systemd:/a')).toBe('/a');
    expect(of('4:memory:/b', '8:pids:/c')).toBe('/c');
  });

  it('falls back to v2, then to the root', () => {
    expect(of('9:name=systemd:/', '8:pids:/', '3:cpuset:/other', '0::/system.slice')).toBe('/system.slice');
    expect(of('9:name=systemd:/', '3:cpuset:/other')).toBe('/');
  });

  it('takes that of v2 on a hybrid host where it alone names a container', () => {
    const docker = `/docker/${'a'.repeat(64)}`;
    expect(of('9:name=systemd:/user.slice', '4:memory:/a/longer/path', `0::${docker}`)).toBe(docker);
    expect(of('9:name=systemd:/user.slice', `4:memory:${docker}`, `0::/system.slice/docker-${'b'.repeat(64)}.scope`)).toBe(docker);
    expect(of('9:name=systemd:/user.slice', '0::/user.slice/and/a/longer/one')).toBe('/user.slice');
  });

  it('drops the mark of a removed group, and keeps colons and non-ASCII names', () => {
    expect(of('0::/a/b (deleted)')).toBe('/a/b');
    expect(of('0::/a:b/zwölf')).toBe('/a:b/zwölf');
  });

  it('gives nothing when nothing was read', () => {
    expect(parseCgroup(2)).toBeUndefined();
    expect(parseCgroup(shared(''))).toBeUndefined();
  });

  it('never throws on garbage', () => {
    const part = fc.constantFrom(':', '\n', '0::', 'pids', ',', 'memory', '/', ' (deleted)', 'é', 'name=systemd');
    fc.assert(fc.property(fc.array(part, { maxLength: 30 }), (parts) => void parseCgroup(shared(parts.join('')))));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseCgroup(shared(bytes))));
  });
});
