import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import type { PrintedProcessEvent } from '../helpers/agent-process.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import type { KnownProcess } from '../helpers/spawn-known.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ENETDOWN = 100;
const TIMEOUT_MS = 20_000;

/** An agent whose socket fails on demand, see deafen.c, and whose control messages are noted. */
class Patient {
  readonly agent: AgentProcess;
  readonly #deafen: string;

  private constructor(dir: string, preload: string, set: readonly string[]) {
    this.#deafen = join(dir, 'deafen');
    const env = { LD_PRELOAD: preload, SEND_LOG: join(dir, 'sent'), DEAFEN: this.#deafen };
    this.agent = new AgentProcess({ dir, set, telling: true, env });
  }

  /** @param ailing what is wrong from the first moment on */
  static async start(set: readonly string[] = [], ailing?: string): Promise<Patient> {
    const dir = await tempDir();
    if (ailing !== undefined) await writeFile(join(dir, 'deafen'), ailing);
    return new Patient(dir, `${await nativeTool('send-log.so')} ${await nativeTool('deafen.so')}`, set);
  }

  async fail(times: number): Promise<void> {
    await writeFile(this.#deafen, `fail ${ENETDOWN} ${times}`);
    // It receives when there is something to receive.
    await (
      await spawnKnown()
    ).ended;
  }

  async deafen(): Promise<void> {
    await writeFile(this.#deafen, 'swallow');
  }

  async heal(): Promise<void> {
    await rm(this.#deafen);
  }

  get ails(): boolean {
    return existsSync(this.#deafen);
  }

  async says(text: string, times = 1): Promise<void> {
    const said = (): boolean => this.agent.stderr.split(text).length > times;
    await waitFor(said, { what: () => `the agent to say "${text}" ${times} times; it said: ${this.agent.stderr}`, timeoutMs: TIMEOUT_MS });
  }

  /** Resolves once the agent has told of a process that it found. */
  async finds({ pid }: KnownProcess): Promise<void> {
    const found = (): boolean => this.agent.told().some((event) => 'process' in event && event.process.pid === pid);
    await waitFor(found, { what: `process ${pid} to be found`, timeoutMs: TIMEOUT_MS });
  }

  /** Resolves once a listing of /proc after the first has begun: what the first one finds was there before the agent and is no recovered event. */
  async listsAgain(): Promise<void> {
    for (let recovered = false; !recovered;) {
      const probe = await spawnKnown({ liveMs: 60_000 });
      await this.finds(probe);
      recovered = this.agent.told().some((event) => 'process' in event && event.process.pid === probe.pid && event.recovered);
      probe.kill('SIGTERM');
      await probe.ended;
    }
  }

  /** The control messages of its whole life. */
  async sent(): Promise<string[]> {
    return (await readFile(join(this.agent.dir, 'sent'), 'utf8')).trim().split('\n');
  }

  async eventsOf({ pid }: KnownProcess): Promise<PrintedProcessEvent[]> {
    return (await this.agent.events()).filter(({ process }) => process.pid === pid);
  }
}

const kindOf = ({ kind, recovered }: PrintedProcessEvent): string => (recovered ? `${kind} recovered` : kind);

describe('a subscription that is lost is taken up again (DataDog’s recovery races with a silent stop, netlink ends)', () => {
  test('after errors of the socket: said, /proc listed meanwhile, the time told as unheard, one IGNORE for each LISTEN', async () => {
    const patient = await Patient.start();
    const { agent } = patient;
    await agent.ready();
    await patient.fail(2);
    await patient.says('every second meanwhile');
    const born = await spawnKnown({ args: ['new here'], liveMs: 60_000 });
    await patient.finds(born);
    await patient.says('listening', 2);
    expect(patient.ails).toBe(false);
    const heard = await spawnKnown({ exitCode: 3 });
    born.kill('SIGTERM');
    await Promise.all([heard.ended, born.ended]);
    expect(await agent.stop()).toMatchObject({ code: 0 });

    expect(await patient.sent()).toEqual(['listen', 'ignore', 'listen', 'ignore', 'listen', 'ignore']);
    const gaps = (await agent.agentEvents()).flatMap(({ gap }) => gap ?? []);
    expect(gaps.filter(({ reason }) => reason === 'blind')).toMatchObject([{ count: 0, exact: false }]);
    expect((await patient.eventsOf(born)).map(kindOf)).toEqual(['SNAPSHOT recovered', 'EXIT']);
    expect((await patient.eventsOf(born)).at(-1)?.process.args).toEqual(born.argv);
    expect((await patient.eventsOf(heard)).map(kindOf)).toEqual(['FORK', 'EXEC', 'EXIT']);
    expect(agent.stderr).not.toContain('do not balance');
  });

  test('after the kernel has fallen silent: a canary of the agent’s own notices', async () => {
    const patient = await Patient.start(['source.canary_after=1s']);
    const { agent } = patient;
    await agent.ready();
    await patient.deafen();
    await patient.says('delivers no events');
    const born = await spawnKnown({ liveMs: 60_000 });
    await patient.heal();
    await patient.finds(born);
    await patient.says('listening', 2);
    born.kill('SIGTERM');
    await born.ended;
    expect(await agent.stop()).toMatchObject({ code: 0 });
    const sent = await patient.sent();
    expect(sent.filter((op) => op === 'ignore')).toHaveLength(2);
    const gaps = (await agent.agentEvents()).flatMap(({ gap }) => gap ?? []);
    expect(gaps.filter(({ reason }) => reason === 'blind')).toHaveLength(1);
    expect((await patient.eventsOf(born)).map(kindOf)).toEqual(['SNAPSHOT recovered', 'EXIT']);
  });

  test('where the kernel does not answer at first: never "listening" before it does, /proc until then', async () => {
    const patient = await Patient.start([], 'swallow');
    const { agent } = patient;
    await patient.says('every second meanwhile');
    await patient.listsAgain();
    const born = await spawnKnown({ liveMs: 60_000 });
    await patient.finds(born);
    expect(agent.stderr).not.toContain('listening');
    await patient.heal();
    await agent.ready();
    born.kill('SIGTERM');
    await born.ended;
    expect(await agent.stop()).toMatchObject({ code: 0 });
    expect((await agent.agentEvents())[0]).toMatchObject({ kind: 'START', start: { sources: ['procfs_scan'] } });
    expect((await patient.eventsOf(born)).map(kindOf)).toEqual(['SNAPSHOT recovered', 'EXIT']);
  });
});
