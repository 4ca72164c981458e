import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { AgentEvent } from '../../src/core/agent-event.ts';
import type { ProcessEvent, RecordStream } from '../../src/core/event.ts';
import type { RunRecord } from '../../src/agent/run-record.ts';
import { decode as decodeBytes } from '../../src/encode/decode.ts';
import { runCommand } from './run-command.ts';
import { waitFor } from './wait-for.ts';

export const FORKCAST = resolve(fileURLToPath(new URL('../../bin/forkcast', import.meta.url)));

export interface AgentOptions {
  /** Folder of the agent's data; also its working directory. */
  readonly dir: string;
  /** `--set` values. */
  readonly set?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  /** Path of another `forkcast` than the checkout's. */
  readonly program?: string;
  /** Also the sink for people, on stdout; otherwise files only. */
  readonly eyes?: boolean;
  /** Prints on stdout, besides, what the agent says of itself and which processes it finds: see `told`. */
  readonly telling?: boolean;
  /** Program and arguments that start the agent in their place, as in `unshare --net`. */
  readonly inside?: readonly string[];
}

const FILES = 'disk: {type: file}';
const TELLING = 'tell: {type: stdout, format: json, filter: {kinds: [snapshot]}}';

export interface AgentEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A record as `decode` prints it: bytes and ids as text, what is null left out. */
type Printed<T> = T extends Uint8Array
  ? string
  : T extends readonly (infer Item)[]
    ? Printed<Item>[]
    : T extends object
      ? { [K in keyof T]: Printed<Exclude<T[K], null>> | (null extends T[K] ? undefined : never) }
      : T;
export type PrintedProcessEvent = Omit<Printed<ProcessEvent>, 'time'> & { readonly time: string };
export type PrintedAgentEvent = Omit<Printed<AgentEvent>, 'time'> & { readonly time: string };
export type PrintedGap = NonNullable<PrintedAgentEvent['gap']>;

function settings({ eyes, telling, set = [] }: AgentOptions): string[] {
  const sinks = telling === true ? `${FILES}, ${TELLING}` : FILES;
  return [...(eyes === true ? [] : [`sinks={${sinks}}`]), ...set].flatMap((value) => ['--set', value]);
}

/** Only a disk that others keep busy makes a start that slow. */
const READY_MS = 60_000;

/** A running `forkcast run`; killed when the test ends if it still runs then. */
export class AgentProcess {
  readonly dir: string;
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<AgentEnd>;
  stdout = '';
  stderr = '';

  constructor(options: AgentOptions) {
    this.dir = options.dir;
    const [program = '', ...args] = [...(options.inside ?? []), options.program ?? FORKCAST, 'run', ...settings(options)];
    this.child = spawn(program, [...args, ...(options.args ?? [])], {
      cwd: options.dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    this.child.stdout.on('data', (chunk: Buffer) => void (this.stdout += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => void (this.stderr += chunk.toString()));
    this.ended = new Promise((end, fail) => {
      this.child.once('error', fail);
      this.child.once('close', (code, signal) => end({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
    onTestFinished(async () => {
      if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
      await this.ended;
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** What an agent that tells has told so far, in order. */
  told(): (PrintedAgentEvent | PrintedProcessEvent)[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as PrintedAgentEvent | PrintedProcessEvent);
  }

  toldGaps(): PrintedGap[] {
    return this.told().flatMap((event) => ('gap' in event ? (event.gap ?? []) : []));
  }

  /** Resolves when the agent says that it listens: it has heard a process of its own, or others where some events are lost. */
  async ready(): Promise<void> {
    await Promise.race([
      waitFor(() => this.stderr.includes('listening'), { what: () => `the agent to listen; it said: ${this.stderr}`, timeoutMs: READY_MS }),
      this.ended.then(({ code, stderr }) => Promise.reject(new Error(`the agent ended with ${code} before it listened: ${stderr}`))),
    ]);
  }

  /** SIGTERM, then its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<AgentEnd> {
    this.child.kill(signal);
    return this.ended;
  }

  /** What the last run left behind. */
  async record(): Promise<RunRecord> {
    return JSON.parse(await readFile(join(this.dir, 'data/state/last-run.json'), 'utf8')) as RunRecord;
  }

  async files(pattern: RegExp): Promise<string[]> {
    const folder = join(this.dir, 'data/events');
    return (await readdir(folder))
      .filter((name) => pattern.test(name))
      .toSorted()
      .map((name) => join(folder, name));
  }

  /** ProcessEvents of all finished files, through the decode command. */
  async events(): Promise<PrintedProcessEvent[]> {
    return decode(await this.files(/^process-.*\.avro$/));
  }

  /** AgentEvents of all finished files. */
  async agentEvents(): Promise<PrintedAgentEvent[]> {
    return decode(await this.files(/^agent-.*\.avro$/));
  }

  /** The same one by one and without the command: for so many events that printing them all would take its time. */
  async visit(stream: 'process', each: (event: ProcessEvent) => void): Promise<void>;
  async visit(stream: 'agent', each: (event: AgentEvent) => void): Promise<void>;
  async visit(stream: RecordStream, each: (event: never) => void): Promise<void> {
    for (const file of await this.files(new RegExp(`^${stream}-.*\\.avro$`)))
      for await (const item of decodeBytes(createReadStream(file))) {
        if (item.what !== 'event') throw new Error(`${file} is damaged: ${JSON.stringify(item)}`);
        each(item.event.event as never);
      }
  }
}

/** Decodes files with the built command; fails the test when the command fails. */
export async function decode<T = PrintedProcessEvent>(files: readonly string[]): Promise<T[]> {
  if (files.length === 0) return [];
  const { code, stdout, stderr } = await runCommand(FORKCAST, ['decode', ...files]);
  if (code !== 0) throw new Error(`decode ended with ${code}: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
