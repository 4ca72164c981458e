import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runStorm } from '../../bench/storm/storm.ts';
import { hasExecCache, listenWith, openCache } from '../helpers/live-exec-cache.ts';
import { runCommand } from '../helpers/run-command.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import { waitFor } from '../helpers/wait-for.ts';

const TRUE = realpathSync('/bin/true');
const COUNT = 2000;

/** Lines of /proc/<pid>/cgroup of the hierarchies that a record has, in its order. */
function cgroupLines(text: string): string[] {
  const isWanted = (names: string): boolean => names === '' || /(^|,)(name=systemd|pids|memory|cpu)(,|$)/.test(names);
  return text
    .split('\n')
    .filter((line) => line !== '' && isWanted(line.split(':', 2)[1] ?? ''))
    .toSorted();
}

/** Descriptors of this process that are programs, maps or links of BPF. */
function bpfDescriptors(): string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /bpf|btf/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false; // the folder's own
    }
  });
}

describe.runIf(hasExecCache)('the exec cache', () => {
  it.each([1, 2, 8])(`knows all of ${COUNT} processes of a millisecond, %d in flight`, async (inFlight) => {
    // Room for all: on a busy machine this thread may be long in coming, and half of the ring is kept for execs.
    const cache = openCache({ ringBytes: 64 << 20 });
    const listening = await listenWith(cache);
    const tag = `cache-${inFlight}`;
    const storm = await listening.during(runStorm({ mode: 'exec', exec: '/bin/true', count: COUNT, inFlight, tag }));
    const mine = listening.execs.filter(({ args }) => args[1]?.startsWith(`--storm-id=${tag}-`));
    await waitFor(() => (listening.listen(), listening.bareForks === 0), { what: 'the records of all forks' });
    const forks = new Map(listening.forks.map((fork) => [fork.tgid, fork]));
    const exits = new Map(listening.exits.map((exit) => [exit.tgid, exit]));
    const cgroup = cgroupLines(readFileSync('/proc/self/cgroup', 'latin1'));
    expect(mine.map(({ args }) => args[1] ?? '').toSorted()).toEqual(
      Array.from({ length: COUNT }, (_, n) => `--storm-id=${tag}-${n}`).toSorted(),
    );
    for (const exec of mine) {
      expect(exec).toMatchObject({ args: ['/bin/true', exec.args[1]], exe: TRUE, filename: '/bin/true' });
      expect(storm.forkers).toContain(exec.kernel?.ppid);
      expect(cgroupLines(exec.cgroup)).toEqual(cgroup);
      const start = exec.kernel?.startBootNs;
      expect(forks.get(exec.tgid)).toMatchObject({ startBootNs: start, parent: exec.kernel?.ppid, cgroup: undefined });
      expect(exits.get(exec.tgid)).toMatchObject({ startBootNs: start, hasSlice: true });
    }
    expect(listening.bareExecs).toBe(0);
    expect(cache.counters).toMatchObject({ dropped: 0, droppedCgroups: 0, unresolvedCgroups: 0 });
  });

  it('says of a process what /proc says', async () => {
    const listening = await listenWith();
    const known = await spawnKnown({ liveMs: 30_000, cwd: '/usr/bin' });
    onTestFinished(() => known.kill('SIGKILL'));
    const exec = await listening.exec(({ args }) => args[1] === `--tag=${known.tag}`, 'a known process');
    const proc = `/proc/${known.pid}`;
    const stat = readFileSync(`${proc}/stat`, 'latin1');
    const [, ppid, pgid, sid, tty] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const startTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    const status = readFileSync(`${proc}/status`, 'latin1');
    const numbers = (name: string): number[] => (new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/).map(Number);
    expect(exec).toMatchObject({
      args: known.argv,
      argsRaw: readFileSync(`${proc}/cmdline`),
      exe: readlinkSync(`${proc}/exe`),
      cwd: readlinkSync(`${proc}/cwd`),
      filename: known.exe,
      kernel: {
        args: true,
        exe: true,
        cwd: true,
        cgroup: true,
        ppid,
        pgid,
        sid,
        ttyNr: tty,
        fromTid: known.pid,
        nsPid: known.pid,
        uid: numbers('Uid')[0],
        euid: numbers('Uid')[1],
        gid: numbers('Gid')[0],
        egid: numbers('Gid')[1],
        capsEffective: Number(`0x${/^CapEff:\s+(\w+)$/m.exec(status)?.[1] ?? ''}`),
        loginUid: Number(readFileSync(`${proc}/loginuid`, 'latin1')),
        auditSession: Number(readFileSync(`${proc}/sessionid`, 'latin1')),
        pidNs: Number(/\[(\d+)\]/.exec(readlinkSync(`${proc}/ns/pid`))?.[1]),
        comm: Buffer.from('known'),
      },
    });
    expect(Math.floor((exec.kernel?.startBootNs ?? 0) / 1e7)).toBe(startTicks);
    expect(cgroupLines(exec.cgroup)).toEqual(cgroupLines(readFileSync(`${proc}/cgroup`, 'latin1')));
  });

  it('counts what finds no room in the ring, to the last', async () => {
    const cache = openCache({ ringBytes: 4096, features: ['exec'] });
    const storm = await runStorm({ mode: 'exec', count: 100 });
    cache.poll();
    const { execs, dropped } = cache.counters;
    expect(execs).toBeLessThan(storm.execs);
    expect(execs + dropped).toBeGreaterThanOrEqual(storm.execs);
  });

  it('has room for execs also in a storm of forks that nobody listens to', async () => {
    // Half of it is full of forks and exits soon, and the other half has room for execs of others, too, on a busy machine.
    const cache = openCache({ ringBytes: 1 << 20 });
    await runStorm({ mode: 'fork', count: 5000 });
    const storm = await runStorm({ mode: 'exec', exec: '/bin/true', count: 50, tag: 'room' });
    cache.poll();
    let mine = 0;
    for (let one = cache.takeLeftover(Number.POSITIVE_INFINITY); one !== undefined; one = cache.takeLeftover(Number.POSITIVE_INFINITY)) {
      const { record, kind } = one;
      if (kind === 'EXEC' && record.bytes.toString('latin1', record.argsAt, record.argsAt + 40).includes('--storm-id=room-')) mine += 1;
    }
    expect(mine).toBe(storm.execs);
    expect(cache.counters.dropped).toBeGreaterThan(0);
  });

  it('keeps for later what no event asks for', async () => {
    const cache = openCache({ features: ['exec'] });
    await runCommand('/bin/true', ['--left-over']);
    cache.poll();
    const left = [];
    for (let one = cache.takeLeftover(Number.POSITIVE_INFINITY); one !== undefined; one = cache.takeLeftover(Number.POSITIVE_INFINITY))
      left.push(one.kind === 'EXEC' ? one.record.bytes.toString('latin1', one.record.argsAt, one.record.argsAt + 100) : '');
    expect(left.some((args) => args.startsWith('/bin/true\0--left-over\0'))).toBe(true);
  });

  it('leaves what was taken empty when it is closed: its memory may be something else by then', async () => {
    const cache = openCache();
    await runCommand('/bin/true');
    cache.poll();
    const record = cache.takeLeftover(Number.POSITIVE_INFINITY)?.record;
    expect(record?.bytes.length).toBeGreaterThan(0);
    cache.close();
    expect([record?.bytes.length, record?.words.length, record?.words.buffer.byteLength]).toEqual([0, 0, 0]);
    expect(cache.takeLeftover(Number.POSITIVE_INFINITY)).toBeUndefined();
    cache.poll();
  });

  it('leaves nothing in the kernel when it is closed, whatever was opened', () => {
    const before = bpfDescriptors();
    for (const features of [['exec'], ['exec', 'fork', 'exit', 'cgroups']] as const) {
      const cache = openCache({ features });
      expect(cache.features).toEqual(features);
      expect(bpfDescriptors().length).toBeGreaterThan(before.length + 1);
      cache.close();
      expect(bpfDescriptors()).toEqual(before);
    }
    expect(readFileSync('/proc/self/maps', 'latin1').match(/^.*bpf-map.*$/m)).toBeNull();
  });
});
