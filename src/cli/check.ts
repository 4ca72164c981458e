import { resolve } from 'node:path';
import { readLastPace } from '../agent/last-pace.ts';
import type { LastPace } from '../agent/last-pace.ts';
import { configHash } from '../config/config.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import { issuesOf } from '../config/issue.ts';
import { loadConfig } from '../config/load.ts';
import type { LoadedConfig } from '../config/load.ts';
import { AgentError, exitCodeOf } from '../core/errors.ts';
import { escapeText } from '../core/text.ts';
import type { NatsSinkConfig } from '../sink/nats/config.ts';
import { addressText } from '../sink/nats/servers-setting.ts';
import type { KafkaSinkConfig } from '../sink/kafka/config.ts';
import { formatDuration, formatSize, roundSize } from '../core/units.ts';
import { adviceFor } from './advice.ts';
import type { Advice } from './advice.ts';
import type { Finding } from './check-connect-finding.ts';
import { connectText } from './check-connect-text.ts';
import { connectExitCode, connectFindings } from './check-connect.ts';
import { isBoundedByEvents, outageOf } from './check-outage.ts';
import type { Outage } from './check-outage.ts';
import { outageRows } from './check-outage-text.ts';
import { sourceRows } from './describe-source.ts';
import type { Row } from './describe-source.ts';
import { hostFiles } from './host-files.ts';
import type { CliIo } from './io.ts';
import { print } from './print.ts';
import { styleFor, wrap } from './style.ts';

export interface CheckOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly json?: true;
  /** Also reach brokers and registries. */
  readonly connect?: true;
}

/** `forkcast check`. With `--json` errors of the configuration are a result, on stdout; else they are thrown. */
export async function checkCommand({ config: file, set, json, connect }: CheckOptions, io: CliIo): Promise<number> {
  try {
    const loaded = loadConfig({ file, overrides: set });
    const advice = [...emptyAdvice(loaded), ...adviceFor(loaded.config, hostFiles)];
    const last = readLastPace(loaded.config.agent.dataDir);
    const connected = connect === true ? await connectFindings(loaded.config.sinks, io.env) : undefined;
    const found = { advice, last, outages: outagesOf(loaded.config, last), connected };
    await print(io.stdout, json === true ? validJson(loaded, found) : summary(loaded, found, io));
    return connectExitCode(connected ?? []);
  } catch (error) {
    if (json !== true || !(error instanceof AgentError) || error.category !== 'config') throw error;
    await print(io.stdout, invalidJson(error, file));
    return exitCodeOf(error);
  }
}

/** What there is to say of a valid configuration. */
interface Found {
  readonly advice: readonly Advice[];
  readonly last: LastPace | string;
  readonly outages: readonly Outage[];
  /** undefined: nothing was reached for. */
  readonly connected: readonly Finding[] | undefined;
}

/** A replay waits for its sinks. */
function outagesOf({ source, sinks }: Config, last: LastPace | string): Outage[] {
  return source.type === 'replay' ? [] : sinks.map((sink) => outageOf(sink, last));
}

function emptyAdvice({ file, setsNothing }: LoadedConfig): Advice[] {
  return file !== null && setsNothing ? [{ path: '', warning: 'the file sets nothing: all is default' }] : [];
}

function validJson({ file, config, effective }: LoadedConfig, { advice: warnings, outages, connected }: Found): string {
  const ok = connectExitCode(connected ?? []) === 0;
  return `${JSON.stringify({ ok, file, config_hash: configHash(config), warnings, outages, connect: connected, effective }, null, 2)}\n`;
}

function invalidJson(error: AgentError, file: string | undefined): string {
  const found = issuesOf(error);
  const issues = found.length > 0 ? found : [{ path: '', value: null, reason: error.message, fix: error.fix ?? '', at: null }];
  return `${JSON.stringify({ ok: false, file: file ?? null, code: error.code, issues }, null, 2)}\n`;
}

function summary(loaded: LoadedConfig, { advice, last, outages, connected }: Found, io: CliIo): string {
  const style = styleFor(io.stdout, io.env);
  const { config, file } = loaded;
  const title = `${style.green('valid')}: ${style.bold(file === null ? 'the built-in configuration' : escapeText(file))}`;
  const rows = [
    ...agentRows(config),
    ...config.sinks.map((sink): Row => [`sink ${sink.name}`, describeSink(sink, config.source.type === 'replay')]),
    ...outageRows(outages, last, config),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const table = rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`);
  const warnings = advice.flatMap(({ path, warning }) => {
    const [first = '', ...others] = wrap(`${path === '' ? '' : `${path}: `}${warning}`, 92);
    return [`${style.yellow('warning')}: ${first}`, ...others.map((line) => `    ${line}`)];
  });
  const reached = connected === undefined ? '' : `\n${connectText(connected, io)}`;
  return `${[title, '', ...table, ...(warnings.length > 0 ? ['', ...warnings] : [])].join('\n')}\n${reached}`;
}

function agentRows(config: Config): Row[] {
  const { agent, enrich } = config;
  return [
    ['data', escapeText(resolve(agent.dataDir))],
    ...sourceRows(config),
    [
      'memory',
      `${enrich.maxProcesses.toLocaleString('en')} processes, up to ${formatDuration(enrich.exitTtlMs)} after their end; ${formatSize(enrich.maxArgsBytes)} of each command line`,
    ],
    ['stop', `within ${formatDuration(agent.shutdownTimeoutMs)}`],
  ];
}

/** In a replay a queue waits, whatever is configured. */
function describeSink(sink: SinkConfig, isReplay: boolean): string {
  const { queue } = sink;
  const events = isBoundedByEvents(queue) ? ` or ${queue.maxEvents.toLocaleString('en')} events` : '';
  const where = queue.type === 'disk' ? 'on disk' : 'in memory';
  const waiting = `waiting: ${roundSize(queue.maxBytes)}${events} ${where}, then ${isReplay ? 'block' : queue.whenFull}`;
  return `${describeTarget(sink)}; ${waiting}`;
}

function describeTarget(sink: SinkConfig): string {
  switch (sink.type) {
    case 'stdout':
      return `standard output, ${sink.settings.format}`;
    case 'file':
      return `files in ${escapeText(resolve(sink.settings.path))}, ${sink.settings.codec}, up to ${formatSize(sink.settings.keepBytes)}`;
    case 'kafka':
      return describeKafka(sink.settings);
    case 'nats':
      return describeNats(sink.settings);
    case 'blackhole':
      return 'nowhere';
    case 'chaos':
      return 'nowhere, with trouble on the way';
  }
}

function describeNats({ servers, mode, subject, agentSubject, stream, format, framing, message, tls, auth }: NatsSinkConfig): string {
  const where = servers.map(addressText).join(', ');
  const security = `${tls === null ? 'plaintext' : 'TLS'}${auth === null ? '' : `, ${auth.kind === 'password' ? `user ${escapeText(auth.user)}` : auth.kind}`}`;
  const to = mode === 'core' ? 'without a stream: who does not listen at the time misses it, and nobody counts that' : `stream ${stream}`;
  const each = message.maxEvents === 1 ? 'one event a message' : `up to ${message.maxEvents} events a message`;
  return `NATS at ${where} (${security}), subjects ${subject} and ${agentSubject}, ${to}, ${recordsAre(format, framing)}, ${each}`;
}

/** Of Avro, which is usual, what stands before it is what differs. */
const recordsAre = (format: KafkaSinkConfig['format'], framing: string): string => (format === 'avro' ? framing : `JSON (${format})`);

function describeKafka({ brokers, topic, agentTopic, format, framing, compression, tls, sasl }: KafkaSinkConfig): string {
  const where = brokers.map(({ host, port }) => `${host}:${port}`).join(', ');
  const security = `${tls === null ? 'plaintext' : 'TLS'}${sasl === null ? '' : `, ${sasl.mechanism} as ${escapeText(sasl.username)}`}`;
  return `Kafka at ${where} (${security}), topics ${topic} and ${agentTopic}, ${recordsAre(format, framing)}, ${compression}`;
}
