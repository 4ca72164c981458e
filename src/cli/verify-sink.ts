import type { SinkConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { AgentError } from '../core/errors.ts';

type SinkType = SinkConfig['type'];

export interface SinkChoice<T extends SinkType> {
  readonly type: T;
  /** As people call it, such as `Kafka`. */
  readonly what: string;
  /** What to do without such a sink. */
  readonly otherwise: string;
}

export interface SinkOptions {
  /** Configuration with the sink, and that sink, where there are several. */
  readonly config?: string;
  readonly set?: readonly string[];
  readonly sink?: string;
}

/** The sink of a configuration whose other end is to be verified. Throws USAGE, CONFIG_UNREADABLE and CONFIG_INVALID. */
export function chosenSink<T extends SinkType>(
  options: SinkOptions,
  { type, what, otherwise }: SinkChoice<T>,
): Extract<SinkConfig, { type: T }> {
  const { config: file, set = [], sink: name } = options;
  const { config } = loadConfig({ file, overrides: set });
  const sinks = config.sinks.filter((sink): sink is Extract<SinkConfig, { type: T }> => sink.type === type);
  const found = name === undefined ? sinks : sinks.filter((sink) => sink.name === name);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const names = sinks.map((sink) => sink.name).join(', ');
  if (sinks.length === 0) throw usage(`${file ?? 'the built-in configuration'} has no ${what} sink`, otherwise);
  if (name === undefined) throw usage(`there are several ${what} sinks: ${names}`, 'Name one of them with --sink.');
  throw usage(`there is no ${what} sink ${JSON.stringify(name)}`, `Choose one of those that there are: ${names}.`);
}

export function usage(message: string, fix: string): AgentError {
  return new AgentError('USAGE', message, { fix: `${fix.slice(0, 1).toUpperCase()}${fix.slice(1)}` });
}
