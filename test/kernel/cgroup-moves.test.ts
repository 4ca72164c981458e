import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import type { ProcessEvent } from '../../src/core/event.ts';
import type { Heard, Piece } from '../../src/core/kernel-event.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { ProcConnectorSource } from '../../src/ingest/proc-connector/source.ts';
import { liveContainer, mounts, ofVersion } from '../helpers/live-cgroups.ts';
import type { LiveMount } from '../helpers/live-cgroups.ts';
import { hasExecCache } from '../helpers/live-exec-cache.ts';
import { runCommand } from '../helpers/run-command.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { CONFIG, DEPS } from '../unit/enrich/fixtures.ts';

const never = new AbortController().signal;
/** The record of a fork is made right after its event; where the caller is interrupted in between, the FORK is told without it. On a busy machine that is so now and then. */
const BIRTHS = 20;

/** The live kernel's events from now on, of a machine on which this hierarchy is the only one. */
async function listenTo({ line }: LiveMount) {
  const source = new ProcConnectorSource({ receiveBufferBytes: 16 << 20, maxArgsBytes: 4096, execCache: 'on' });
  const enricher = createEnricher(CONFIG, { ...DEPS, bootOffsetNs: (ns) => source.bootOffsetNs(ns) });
  const events: ProcessEvent[] = [];
  await source.open(never);
  const hearing = (async () => {
    for (let batch = await source.read(never); batch !== undefined; batch = await source.read(never))
      for (const heard of batch.items)
        enricher.enrich(only(line, heard), (made) => void (made.stream === 'process' && events.push(made.event)));
  })();
  onTestFinished(async () => {
    await source.close();
    await hearing;
  });
  return {
    /** All events that name that process as themselves or as their parent, when its last one has come. */
    lifeOf: (pid: number): Promise<ProcessEvent[]> =>
      waitFor(
        () => {
          const life = events.filter(({ kind, process, parent }) => kind !== 'SNAPSHOT' && (process.pid === pid || parent?.pid === pid));
          return life.some(({ kind, process }) => kind === 'EXIT' && process.pid === pid) && life;
        },
        { what: `the end of ${pid}` },
      ),
  };
}

function only(line: string, heard: Heard): Heard {
  if (heard.kind === 'MOVED') return { ...heard, cgroup: lineOf(line, heard.cgroup) };
  if (heard.kind === 'FORK' && heard.cgroup !== undefined) return { ...heard, cgroup: lineOf(line, heard.cgroup) };
  if ((heard.kind !== 'EXEC' && heard.kind !== 'SNAPSHOT') || heard.capture === null) return heard;
  return { ...heard, capture: { ...heard.capture, cgroup: lineOf(line, heard.capture.cgroup) } };
}

function lineOf(line: string, piece: Piece): Piece {
  if (typeof piece === 'number') return piece;
  const found = Buffer.from(piece)
    .toString('latin1')
    .split('\n')
    .find((one) => one.startsWith(line));
  return found === undefined ? 2 : Buffer.from(`${found}\n`, 'latin1');
}

/** Whether the FORK knew where its process was born; if not, it must say what is true of the parent. All that follows must know. */
function isToldInTime([fork, ...rest]: readonly ProcessEvent[], id: string): boolean {
  for (const { kind, container } of rest) expect([kind, container?.id]).toEqual([kind, id]);
  const inTime = fork?.provenance.cgroup === 'KERNEL';
  expect([fork?.kind, fork?.container?.id]).toEqual(['FORK', inTime ? id : undefined]);
  return inTime;
}

/** Lets processes be born until one is known at its fork. */
async function untilInTime(id: string, bear: () => Promise<readonly ProcessEvent[]>): Promise<void> {
  for (let n = 1; n <= BIRTHS; n += 1) if (isToldInTime(await bear(), id)) return;
  expect.unreachable(`none of ${BIRTHS} was known at its fork`);
}

const told = (events: readonly ProcessEvent[]): string[] =>
  events.map(({ kind, process, container, exit }) => `${kind} ${exit?.code ?? process.pid} ${container?.id ?? 'none'}`);

describe.runIf(hasExecCache)('the container of a process', () => {
  it.each(mounts)('that is put there after its exec is known from then on, of its children too ($line)', async (mount) => {
    const { lifeOf } = await listenTo(mount);
    const { id, folder } = liveContainer(mount);
    const child = spawn('/bin/sh', ['-c', '(exit 6); echo moved?; read go; (exit 7); exit 8'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = once(child, 'exit');
    const pid = child.pid as number;
    await once(child.stdout, 'data');
    writeFileSync(join(folder, 'cgroup.procs'), String(pid));
    child.stdin.end('go\n');
    await ended;
    const life = await lifeOf(pid);
    const [, , before, , after] = life.map(({ process }) => process.pid);
    expect(told(life)).toEqual([
      `FORK ${pid} none`,
      `EXEC ${pid} none`,
      `FORK ${before} none`,
      'EXIT 6 none',
      `FORK ${after} ${id}`,
      `EXIT 7 ${id}`,
      `EXIT 8 ${id}`,
    ]);
  });

  it.each(ofVersion(2))('that is born there is known at its fork, or right after ($line)', async (mount) => {
    const { lifeOf } = await listenTo(mount);
    const { id, folder } = liveContainer(mount);
    const odd = await nativeTool('odd-exec');
    await untilInTime(id, async () => {
      const { stdout, code } = await runCommand(odd, ['clone-into', folder, '/bin/true']);
      expect(code).toBe(0);
      const life = await lifeOf(Number(stdout));
      expect(life.map(({ kind }) => kind)).toEqual(['FORK', 'EXEC', 'EXIT']);
      return life;
    });
  });

  it.each(mounts)('that is made there on behalf of a parent elsewhere is known at its fork, or right after ($line)', async (mount) => {
    const { lifeOf } = await listenTo(mount);
    const { id, folder } = liveContainer(mount);
    const odd = await nativeTool('odd-exec');
    await untilInTime(id, async () => {
      // The shell is the parent of both, and sees to the end of the one that it did not make.
      const { stdout, code } = await runCommand('/bin/sh', ['-c', '"$0" clone-parent "$1"; /bin/true', odd, folder]);
      expect(code).toBe(0);
      const life = await lifeOf(Number(stdout));
      expect(life.map(({ kind }) => kind)).toEqual(['FORK', 'EXIT']);
      return life;
    });
  });
});
