import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { uuidText } from '../../../src/core/uuid.ts';
import { UNKNOWN_TICKS } from '../../../src/core/start-ticks.ts';
import { EntityIds } from '../../../src/enrich/entity-id.ts';
import { UuidSlab } from '../../../src/enrich/uuid-slab.ts';
import { ProcessMonitor } from '../../../src/monitor/process-monitor.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { BOOT_ID, exit, fork } from '../enrich/fixtures.ts';
import { startMonitor } from './scripted-source.ts';

/** A child of ours; killed and reaped when the test ends. */
function child(program = 'sleep', args: readonly string[] = ['60']) {
  const made = spawn(program, args, { stdio: 'ignore' });
  const ended = once(made, 'exit');
  onTestFinished(async () => {
    made.kill('SIGKILL');
    await ended;
  });
  return { pid: made.pid!, kill: () => made.kill('SIGKILL'), ended };
}

describe('processes that have ended (DataDog: FindDeletedProcesses)', () => {
  test('are found by pid alone, where the monitor does not run, by asking the system', async () => {
    const [living, dead] = [child(), child()];
    dead.kill();
    await dead.ended;
    const monitor = new ProcessMonitor();
    expect(monitor.findDeleted([dead.pid, living.pid, 2 ** 22 + 1, process.pid, 2 ** 40])).toEqual([dead.pid, 2 ** 22 + 1, 2 ** 40]);
    expect(monitor.findDeleted(new Set([1]))).toEqual([]);
  });

  test('are found as zombies already', async () => {
    // By the time its child ends the shell has become a program that waits for nobody.
    const shell = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void shell.kill('SIGKILL'));
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await waitFor(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '), { what: 'a zombie' });
    expect(new ProcessMonitor().findDeleted([pid])).toEqual([pid]);
  });

  test('are told from their successors by entity: a pid that was reused is another process', async () => {
    const { monitor, source } = await startMonitor();
    const { pid } = child();
    await source.say(fork(1000, 50, pid));
    const first = monitor.get(pid)!.process;
    await source.say(exit(1001, pid), fork(2000, 50, pid));
    const second = monitor.get(pid)!.process;
    expect(second.entity_id).not.toBe(first.entity_id);
    expect(monitor.findDeleted([first, second])).toEqual([first]);
    expect(monitor.findDeleted([pid])).toEqual([]);
  });

  test('are found although their end has not been heard yet', async () => {
    const { monitor, source } = await startMonitor();
    const dead = child();
    await source.say(fork(1000, 50, dead.pid));
    expect(monitor.findDeleted([monitor.get(dead.pid)!.process])).toEqual([]);
    dead.kill();
    await dead.ended;
    expect(monitor.findDeleted([dead.pid])).toEqual([dead.pid]);
    expect(monitor.findDeleted([monitor.get(dead.pid)!.process])).toHaveLength(1);
  });

  test('are told from their successors by what the system says of the start, too', () => {
    const living = child();
    const ticks = Number(readFileSync(`/proc/${living.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19]);
    const ids = new EntityIds(BOOT_ID, new UuidSlab());
    const entity = (start: number) => ({ pid: living.pid, entity_id: uuidText(ids.of(living.pid, start)) });
    const [earlier, same, tickLater, unknown] = [ticks - 100, ticks, ticks + 1, UNKNOWN_TICKS].map(entity);
    expect(new ProcessMonitor().findDeleted([earlier!, same!, tickLater!, unknown!])).toEqual([earlier]);
  });

  test('cannot be asked for by what is no pid', () => {
    const monitor = new ProcessMonitor();
    for (const wrong of [0, -1, 1.5, Number.NaN])
      expect(() => monitor.findDeleted([wrong])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
