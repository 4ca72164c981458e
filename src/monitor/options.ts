import { AgentError } from '../core/errors.ts';
import type { EventSource, EventSourceDeps } from '../core/event-source.ts';

/** Everything has a default; the defaults are those of the agent. */
export interface MonitorOptions {
  /**
   * Kernel memory in which events wait until they are read, bytes; 64 MiB hold 161,000 events. Without CAP_NET_ADMIN the kernel grants less
   * (`net.core.rmem_max`).
   */
  readonly receiveBufferBytes?: number;
  /** How much of a command line is kept, bytes; 32 KiB. */
  readonly maxArgsBytes?: number;
  /**
   * Whether the kernel records what a process runs at the moment when it begins to, so that nothing is missing of one that lives for a millisecond: `auto`, where
   * that can be (CAP_BPF and CAP_PERFMON, libbpf, a kernel with BTF); `on`, or else the start is rejected; `off`: /proc is read, as fast as can be. `auto`.
   */
  readonly execCache?: 'auto' | 'on' | 'off';
  /** How many processes are remembered at once; 32,768. */
  readonly maxProcesses?: number;
  /** How long a process is remembered, at most, after it ended, milliseconds; 10 s. */
  readonly exitTtlMs?: number;
  /** How many ancestors of a process an exec names; 8. */
  readonly ancestors?: number;
  /** Deliver the forks and exits of single threads too (they carry a `tid`), not only of processes; false. */
  readonly threads?: boolean;
  /**
   * Where the kernel cannot be heard at the start: `none` rejects the start, `scan` lists /proc every second until it can, which misses what lives
   * shorter. Whoever has started is in either case kept going like this, and told by `state` and `gap`. `none`.
   */
  readonly fallback?: 'scan' | 'none';
  /** Do not keep the process alive; false: a started monitor does, like a server. */
  readonly unref?: boolean;
  /** Where events come from: the kernel of this machine. Called once for each start. */
  readonly source?: (deps: EventSourceDeps) => EventSource | Promise<EventSource>;
}

export type MonitorSettings = Required<Omit<MonitorOptions, 'source'>> & Pick<MonitorOptions, 'source'>;

export const DEFAULTS: Required<Omit<MonitorOptions, 'source'>> = {
  receiveBufferBytes: 64 * 1024 * 1024,
  maxArgsBytes: 32 * 1024,
  execCache: 'auto',
  maxProcesses: 32_768,
  exitTtlMs: 10_000,
  ancestors: 8,
  threads: false,
  fallback: 'none',
  unref: false,
};

const LEAST = { receiveBufferBytes: 4096, maxArgsBytes: 1024, maxProcesses: 64, exitTtlMs: 100, ancestors: 0 } as const;

/** Events that wait for one subscriber at most. */
export const DEFAULT_HIGH_WATER_MARK = 5000;

/** Throws USAGE. */
export function settingsOf(options: MonitorOptions): MonitorSettings {
  for (const name of Object.keys(options)) {
    if (!(name in DEFAULTS) && name !== 'source') refuse(name, 'is no option', `Options are: ${Object.keys(DEFAULTS).join(', ')}, source.`);
  }
  if (options.source !== undefined && typeof options.source !== 'function')
    refuse('source', 'is no function', 'Give one that makes a source.');
  const settings = { ...DEFAULTS, ...options };
  for (const [name, least] of Object.entries(LEAST)) wholeNumber(name, settings[name as keyof typeof LEAST], least);
  if (settings.fallback !== 'scan' && settings.fallback !== 'none')
    refuse(`fallback ${JSON.stringify(settings.fallback)}`, 'is unknown', 'Write scan or none.');
  if (!['auto', 'on', 'off'].includes(settings.execCache))
    refuse(`execCache ${JSON.stringify(settings.execCache)}`, 'is unknown', 'Write auto, on or off.');
  return settings;
}

/** Throws USAGE on what `SubscribeOptions`, or `more`, do not have: a filter that is not seen would let everything through. */
export function checkSubscribeOptions(options: object, more: readonly string[] = []): void {
  if (typeof options !== 'object' || (options as unknown) === null)
    refuse('what follows the listener', 'are no options', 'Give an object, such as { name }.');
  const known = ['name', 'existing', 'highWaterMark', ...more];
  for (const key of Object.keys(options)) if (!known.includes(key)) refuse(key, 'is no option', `Options are: ${known.join(', ')}.`);
  const { name, existing } = options as { readonly name?: unknown; readonly existing?: unknown };
  if (name !== undefined && typeof name !== 'string' && !(name instanceof RegExp))
    refuse(`name ${JSON.stringify(name)}`, 'is no filter', 'Give a text or a pattern.');
  if (existing !== undefined && typeof existing !== 'boolean')
    refuse(`existing ${JSON.stringify(existing)}`, 'is no choice', 'Give true or false.');
}

/** `value`, which has the name `name`. Throws USAGE where it is no whole number, or less than `least`. */
export function wholeNumber(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    refuse(`${name} ${String(value)}`, 'is out of range', `Give a whole number, ${least} or more.`);
  return value;
}

function refuse(what: string, why: string, fix: string): never {
  throw new AgentError('USAGE', `${what} ${why}`, { fix });
}
