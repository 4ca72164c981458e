import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startStorm } from '../../bench/storm/storm.ts';
import type { StormReport } from '../../bench/storm/storm.ts';
import type { Report } from '../../src/verify/report.ts';
import { AgentProcess, FORKCAST, decode } from '../helpers/agent-process.ts';
import type { PrintedAgentEvent } from '../helpers/agent-process.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { verify } from '../helpers/verify.ts';
import type { Verdict } from '../helpers/verify.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** An agent with a configuration file that can be written anew; it has no terminal. */
class Reloading {
  readonly agent: AgentProcess;
  readonly #file: string;

  private constructor(dir: string, file: string) {
    this.agent = new AgentProcess({ dir, eyes: true, args: ['-c', file] });
    this.#file = file;
  }

  static async start(config: string): Promise<Reloading> {
    const dir = await tempDir();
    const file = join(dir, 'forkcast.yaml');
    await writeFile(file, config);
    const reloading = new Reloading(dir, file);
    await reloading.agent.ready();
    return reloading;
  }

  /** Resolves when the log says what came of it. */
  async reload(config: string): Promise<void> {
    await writeFile(this.#file, config);
    const { agent } = this;
    const answers = (): number => agent.stderr.match(/the configuration (was reloaded|is not reloaded)/g)?.length ?? 0;
    const before = answers();
    agent.child.kill('SIGHUP');
    await waitFor(() => answers() > before, { what: () => `an answer to SIGHUP; the agent said: ${agent.stderr}`, timeoutMs: 20_000 });
  }

  /** What `verify` finds in a folder of files. */
  async verify(folder: string): Promise<Verdict['report']> {
    return (await verify(join(this.agent.dir, folder), '--allow-blind')).report;
  }
}

const AGENT = 'agent: {checkpoint_interval: 200ms}';
const disk = (path: string, more = ''): string => `disk: {type: file, path: ${path}${more}}`;
const config = (...sinks: string[]): string => `${AGENT}\nsinks: {${sinks.join(', ')}}\n`;

/** Reloads while a storm blows, spread over it; resolves with what the storm did. */
async function inStorm(seconds: number, reloads: readonly (() => Promise<void>)[]): Promise<StormReport> {
  const storm = await startStorm({ mode: 'fork', rate: 2000, seconds });
  for (const reload of reloads) await reload();
  return storm.report;
}

async function filesIn(folder: string, stream: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.startsWith(stream) && name.endsWith('.avro')).map((name) => join(folder, name));
}

const NOTHING_MISSING = { ok: true, unaccounted: 0 };

describe('SIGHUP without a terminal', () => {
  test('changes where files go, adds a sink and removes one while a storm blows: nothing is lost', async () => {
    const reloading = await Reloading.start(config(disk('one'), 'goes: {type: file, path: goes}'));
    const { agent } = reloading;
    await inStorm(6, [
      () => reloading.reload(config(disk('two'), 'goes: {type: file, path: goes}')),
      () => reloading.reload(config(disk('two'), 'goes: {type: file, path: goes}', 'void: {type: blackhole}')),
      () => reloading.reload(config(disk('two'), 'void: {type: blackhole}', 'late: {type: file, path: late}')),
      () =>
        reloading.reload(config(disk('three', ', batch: {max_events: 50}'), 'void: {type: blackhole}', 'late: {type: file, path: late}')),
    ]);
    expect(await agent.stop()).toMatchObject({ code: 0, signal: null });
    expect(agent.stderr).not.toContain('books do not balance');

    const { sinks, upstream, clean } = await agent.record();
    expect({ clean, lost: upstream.lost }).toEqual({ clean: true, lost: 0 });
    expect(sinks.map(({ sink }) => sink)).toEqual(['disk', 'goes', 'void', 'late']);
    for (const ledger of sinks) {
      expect(ledger).toMatchObject({ dropped: {}, lost: {}, waiting: 0, deadLettered: 0, delivered: ledger.sequenced });
      expect(ledger.sequenced).toBe((ledger.to ?? upstream.sequenced) - ledger.from + 1);
    }
    // The files of one sink, wherever they are.
    const { code, stdout } = await runCommand(FORKCAST, [
      'verify',
      '--json',
      '--allow-blind',
      ...['one', 'two', 'three'].map((name) => join(agent.dir, name)),
    ]);
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject(NOTHING_MISSING);
    expect(report.runs).toMatchObject([{ state: 'stopped', clean: true, present: sinks[0]?.delivered, duplicates: 0, findings: [] }]);
    expect(code).toBe(0);
    // A sink that came later proves what it got, and one that went has proven all that it had got.
    expect(await reloading.verify('late')).toMatchObject({
      ...NOTHING_MISSING,
      runs: [{ begins_at: sinks[3]?.from, present: sinks[3]?.delivered }],
    });
    expect(await reloading.verify('goes')).toMatchObject({
      ...NOTHING_MISSING,
      runs: [{ present: sinks[1]?.delivered, last_sequence: sinks[1]?.to }],
    });
  });

  test('a broken file, one that needs a restart and a sink that does not open leave everything as it was, and the stream says so', async () => {
    const good = config(disk('events'));
    const reloading = await Reloading.start(good);
    const { agent } = reloading;
    await writeFile(join(agent.dir, 'no-folder'), '');
    await inStorm(5, [
      () => reloading.reload('sinks: {disk: {type: fil}}'),
      () => reloading.reload(`source: {receive_buffer: 8MiB}\n${good}`),
      () => reloading.reload(config(disk('no-folder/events'))),
      () => reloading.reload(config(disk('events'), 'more: {type: file, path: no-folder/more}')),
      () => reloading.reload(good),
    ]);
    expect(await agent.stop()).toMatchObject({ code: 0, signal: null });
    expect(agent.stderr).toContain('source.receive_buffer cannot change while the agent runs');
    const told = await decode<PrintedAgentEvent>(await filesIn(join(agent.dir, 'events'), 'agent'));
    const hash = told.find(({ kind }) => kind === 'START')?.start?.config_hash;
    expect(told.flatMap(({ reload }) => reload ?? [])).toMatchObject([
      { ok: false, config_hash: hash, reason: expect.stringContaining('sinks.disk.type must be one of') as string },
      { ok: false, config_hash: hash, reason: expect.stringContaining('source.receive_buffer cannot change') as string },
      { ok: false, config_hash: hash, reason: expect.stringContaining('no-folder') as string },
      { ok: false, config_hash: hash, reason: expect.stringContaining('no-folder') as string },
      { ok: true, config_hash: hash },
    ]);

    const { sinks, upstream } = await agent.record();
    expect(sinks).toMatchObject([{ sink: 'disk', sequenced: upstream.sequenced, delivered: upstream.sequenced, dropped: {}, lost: {} }]);
    const report = await reloading.verify('events');
    expect(report).toMatchObject({ ...NOTHING_MISSING, runs: [{ state: 'stopped', duplicates: 0, findings: [] }] });
  });

  test('changes the filter from one event to the next; the books say what it left out', async () => {
    const reloading = await Reloading.start(config(disk('data/events')));
    const { agent } = reloading;
    await inStorm(3, [() => reloading.reload(`enrich: {filter: [{exclude: {kind: [fork, exit]}}]}\n${config(disk('data/events'))}`)]);
    expect((await agent.stop()).code).toBe(0);
    expect(agent.stderr).not.toContain('books do not balance');
    const events = await agent.agentEvents();
    const reload = events.find(({ kind }) => kind === 'RELOAD');
    expect(reload).toMatchObject({ reload: { ok: true } });
    const later = (await agent.events()).filter(({ sequence }) => sequence > (reload?.sequence ?? Infinity));
    expect(later.filter(({ kind }) => kind === 'FORK' || kind === 'EXIT')).toEqual([]);
    expect((await agent.record()).upstream.filtered).toBeGreaterThan(100);
    expect((await reloading.verify('data/events')).ok).toBe(true);
  });

  test('a sink that is removed while it takes nothing leaves what it has in its spool: the log says so, the next start too, and it is there', async () => {
    const stuck = 'stuck: {type: chaos, hold: 100, queue: {type: disk}}';
    const reloading = await Reloading.start(config(disk('events'), stuck));
    const { agent } = reloading;
    await inStorm(2, [() => reloading.reload(config(disk('events')))]);
    expect((await agent.stop()).code).toBe(0);
    expect(agent.stderr).toContain('the removed sink has not got everything');
    const [, ledger] = (await agent.record()).sinks;
    expect(ledger).toMatchObject({ sink: 'stuck', lost: {}, delivered: 0, waiting: ledger?.accepted });

    const args = ['-c', join(agent.dir, 'forkcast.yaml')];
    const next = new AgentProcess({ dir: agent.dir, eyes: true, args: [...args, '--duration', '1s'] });
    expect((await next.ended).stderr).toContain('events wait in the spool of a sink that is not configured');
    await writeFile(join(agent.dir, 'forkcast.yaml'), config(disk('events'), stuck.replace('hold: 100', 'hold: 0')));
    const last = new AgentProcess({ dir: agent.dir, eyes: true, args: [...args, '--duration', '2s'] });
    expect((await last.ended).code).toBe(0);
    const again = (await last.record()).sinks.find(({ sink }) => sink === 'stuck');
    expect(again?.takenOver).toBe(ledger?.accepted);
  });
});
