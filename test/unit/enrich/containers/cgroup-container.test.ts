import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CgroupContainers, containerOfCgroup } from '../../../../src/enrich/containers/cgroup-container.ts';
import { ID, LAYOUTS, NO_CONTAINER, OUTER } from './layouts.ts';

describe('a cgroup path', () => {
  it.each(LAYOUTS)('of $what', ({ path, id, runtime, name, pod }) => {
    expect(containerOfCgroup(path)).toEqual({ id, runtime, name: name ?? null, podUid: pod ?? null });
  });

  it.each(NO_CONTAINER)('of %s is in no container', (_what, path) => {
    expect(containerOfCgroup(path)).toBeNull();
  });

  it('with 64 digits for a folder is taken for a container wherever it stands, as custom parents are common', () => {
    expect(containerOfCgroup(`/some/where/${ID}`)).toEqual({ id: ID, runtime: null, name: null, podUid: null });
    expect(containerOfCgroup(`/constructor-${ID}.scope`)).toEqual({ id: ID, runtime: null, name: null, podUid: null });
  });

  it('gives bytes of escaped unit names back as text, and leaves what is no escape', () => {
    expect(containerOfCgroup('/machine-caf\\xc3\\xa9.scope')?.id).toBe('café');
    expect(containerOfCgroup('/machine-a\\xzz\\x2.scope')?.id).toBe('a\\xzz\\x2');
  });
});

const piece = fc.oneof(
  fc.constantFrom(
    ID,
    OUTER,
    'docker',
    'docker-',
    '.scope',
    '.slice',
    '.service',
    ':',
    '/',
    '-pod',
    'pod',
    'kubepods',
    'machine-',
    '\\x',
    '\\x2d',
  ),
  fc.constantFrom(
    'lxc',
    'lxc.payload.',
    'ecs',
    'garden',
    'buildkit',
    'libpod-',
    'conmon-',
    'systemd-nspawn@',
    '..',
    ' (deleted)',
    '\0',
    '\ud800',
  ),
  fc.string({ maxLength: 8 }),
);
const path = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));

describe('any path', () => {
  it('is taken without an error, and an id is always part of it', () => {
    fc.assert(
      fc.property(path, (text) => {
        const found = containerOfCgroup(text);
        if (found === null) return;
        expect(found.id).not.toBe('');
        if (!text.includes('\\x')) expect(text).toContain(found.id);
        if (found.podUid !== null) expect(text.replaceAll('_', '-')).toContain(found.podUid);
      }),
      { numRuns: 2000 },
    );
  });

  it('below a container is that container or one within', () => {
    fc.assert(
      fc.property(path, (below) => {
        const found = containerOfCgroup(`/docker/${OUTER}/${below}`);
        expect(found).not.toBeNull();
        if (found?.id !== OUTER) expect(found).toEqual({ ...containerOfCgroup(`/${below}`), podUid: found?.podUid });
      }),
      { numRuns: 2000 },
    );
  });

  it('costs no more than its length deserves', () => {
    const longest = `/${'a/'.repeat(2000)}`;
    expect(containerOfCgroup(longest)).toBeNull();
    expect(containerOfCgroup(`/docker/${ID}${longest}`)?.id).toBe(ID);
  });
});

describe('the memory of paths', () => {
  it('gives the same object for a path it has seen, and says no as quickly as yes', () => {
    const containers = new CgroupContainers();
    expect(containers.of(`/docker/${ID}`)).toBe(containers.of(`/docker/${ID}`));
    expect(containers.of('/init.scope')).toBeNull();
    expect(containers.of('/init.scope')).toBeNull();
    expect(containers.size).toBe(2);
  });

  it('stays within its bound', () => {
    const containers = new CgroupContainers(10);
    for (let i = 0; i < 1000; i++) containers.of(`/job/${i}`);
    expect(containers.size).toBeLessThanOrEqual(10);
    expect(containers.of(`/docker/${ID}`)?.id).toBe(ID);
  });
});
