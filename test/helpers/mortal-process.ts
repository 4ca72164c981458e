import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { attempt, tail } from './run-command.ts';
import { waitFor } from './wait-for.ts';

const STOP_TIMEOUT_MS = 30_000;
const running = new Set<number>();

function killAll(): void {
  for (const pid of running) process.kill(-pid, 'SIGKILL');
}

/** What to put before a command so that its process is over when the one that started it is, however that ended. */
async function mortally(): Promise<readonly string[]> {
  if ((await attempt('setpriv', ['--pdeathsig', 'KILL', 'true']))?.code === 0) return ['setpriv', '--pdeathsig', 'KILL'];
  // Not for a test process that is killed itself, where there is nothing better.
  if (!process.listeners('exit').includes(killAll)) process.once('exit', killAll);
  return [];
}

/** A server that tests run: it can be killed and started again, and never outlives them. What it prints goes to the end of a file. */
export class MortalProcess {
  readonly #command: readonly string[];
  readonly #logPath: string;
  #child: ChildProcess | undefined;

  constructor(command: readonly string[], logPath: string) {
    this.#command = command;
    this.#logPath = logPath;
  }

  /** undefined: it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it, and resolves when `condition` holds; rejects with the end of what it printed when it ends before that, or takes longer. */
  async start(condition: () => Promise<boolean>, timeoutMs: number, everyMs = 100): Promise<void> {
    await this.#launch();
    const settled = async (): Promise<boolean> => this.#child === undefined || condition();
    const late = await waitFor(settled, { what: 'the server to be up', timeoutMs, everyMs }).catch((error: unknown) => error);
    const printed = (): Promise<string> => readFile(this.#logPath, 'utf8').then(tail);
    if (this.#child === undefined) throw new Error(`${this.#command[0]} ended before it was up:\n${await printed()}`);
    if (late instanceof Error) throw new Error(`${late.message}\n${await printed()}`, { cause: late });
  }

  async #launch(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.#command[0]} runs already`);
    const [program = '', ...args] = [...(await mortally()), ...this.#command];
    const log = openSync(this.#logPath, 'a');
    // A process group of its own: Ctrl-C in a terminal is for whoever runs the tests.
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    await once(child, 'spawn');
    this.#child = child;
    running.add(child.pid as number);
    child.once('exit', () => {
      running.delete(child.pid as number);
      this.#child = undefined;
    });
  }

  /** Resolves when it has ended; at once where it does not run. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
    process.kill(-child.pid, signal);
    await ended;
  }

  /** Stops it as a host that swaps, or a long collection of garbage, would: connections stay, and nothing is answered from now on. */
  async freeze(): Promise<void> {
    const pid = this.#running();
    process.kill(pid, 'SIGSTOP');
    // Until each thread has heard of it, those that run may answer.
    await waitFor(() => isStopped(pid), { what: `process ${pid} to stop`, everyMs: 5 });
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.#running(), name);
  }

  #running(): number {
    if (this.pid === undefined) throw new Error(`${this.#command[0]} does not run`);
    return this.pid;
  }
}

async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(threads.map((tid) => readFile(`/proc/${pid}/task/${tid}/stat`, 'utf8')));
  // The state stands behind the name, which may hold anything.
  return stats.every((stat) => stat[stat.lastIndexOf(')') + 2] === 'T');
}
