import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import type { Sink } from '../core/component.ts';
import { uuidText } from '../core/uuid.ts';
import type { RecordFormat } from '../core/record-formats.ts';
import type { RecordStream, Uuid } from '../core/event.ts';
import type { SinkConfig } from '../config/config.ts';
import { readSecret } from '../config/read-secret.ts';
import { createKeyReader } from '../encode/avro/event-key.ts';
import { fingerprintText } from '../encode/avro/fingerprint.ts';
import { createOcf } from '../encode/avro/ocf.ts';
import { publishedSchema } from '../encode/avro/schemas.ts';
import { recordFormat } from '../encode/record-format.ts';
import { ReopeningSink } from '../pipeline/reopening-sink.ts';
import { BlackholeSink } from '../sink/blackhole/blackhole-sink.ts';
import { ChaosSink } from '../sink/chaos/chaos-sink.ts';
import { createFileSink } from '../sink/file/file-sink.ts';
import type { FileLog } from '../sink/file/journal.ts';
import type { RecordSchema } from '../sink/framing/contents.ts';
import { createKafkaSink } from '../sink/kafka/create.ts';
import { MAX_IN_FLIGHT as KAFKA_MAX_IN_FLIGHT } from '../sink/kafka/kafka-sink.ts';
import { createNatsSink } from '../sink/nats/create.ts';
import { MAX_IN_FLIGHT as NATS_MAX_IN_FLIGHT } from '../sink/nats/nats-sink.ts';
import { createStdoutSink } from '../sink/stdout/stdout-sink.ts';
import type { Logger } from '../telemetry/log.ts';
import { takeLock } from './data-dir.ts';
import type { Screen } from './screen.ts';

export interface SinkDeps {
  /** The run whose records it gets. */
  readonly agentId: Uuid;
  readonly sinkId: Uuid;
  readonly host: { readonly hostId: Uuid; readonly hostname: string };
  readonly dataDir: string;
  /** The same events make the same files. */
  readonly reproducible: boolean;
  readonly log: Logger;
  /** Where the stdout sinks write, and what their status line says. */
  readonly screen: Screen;
}

/** What the sink's records are. A blackhole gets what a file would, so that a measurement leaves out the writing and nothing else. */
export function formatOf(sink: SinkConfig): RecordFormat {
  return sink.type === 'stdout' || sink.type === 'kafka' || sink.type === 'nats' ? sink.settings.format : 'avro';
}

/** Not opened yet. */
export function createSink(sink: SinkConfig, deps: SinkDeps): Sink {
  switch (sink.type) {
    case 'stdout':
      return createView(sink, deps.screen);
    case 'blackhole':
      return new BlackholeSink(sink.name);
    case 'chaos':
      return new ChaosSink(sink.settings, { id: sink.name });
    case 'file':
      return createFiles(sink, deps);
    case 'kafka':
      // A cluster that is away does not keep the agent from hearing: what is accepted waits for it.
      return new ReopeningSink({ id: sink.name, maxInFlight: KAFKA_MAX_IN_FLIGHT }, () => createKafka(sink, deps));
    case 'nats':
      return new ReopeningSink({ id: sink.name, maxInFlight: NATS_MAX_IN_FLIGHT }, () => createNats(sink, deps));
  }
}

function createView({ name, settings }: Extract<SinkConfig, { type: 'stdout' }>, screen: Screen): Sink {
  const view = createStdoutSink(settings, {
    id: name,
    output: screen.output,
    colour: screen.colour,
    dumb: screen.dumb === true,
    status: () => screen.status(),
  });
  if (view.announce !== undefined) screen.announce = (line) => view.announce?.(line) === true;
  return view;
}

function createFiles({ name, settings }: Extract<SinkConfig, { type: 'file' }>, { agentId, sinkId, log, reproducible }: SinkDeps): Sink {
  const { codec } = settings;
  return createFileSink(settings, {
    id: name,
    containers: { process: createOcf('process', codec), agent: createOcf('agent', codec) },
    meta: { agent_id: uuidText(agentId), sink_id: uuidText(sinkId) },
    clock: systemClock,
    log: sinkLog(log, name),
    lock: takeLock,
    reproducible,
  });
}

function createKafka({ name, settings }: Extract<SinkConfig, { type: 'kafka' }>, { agentId, host, dataDir, log }: SinkDeps): Sink {
  return createKafkaSink(settings, {
    id: name,
    agentId,
    ...host,
    schemas: { process: recordSchema('process'), agent: recordSchema('agent') },
    view: viewOf(settings.format),
    keyOf: settings.key === 'host_id' ? undefined : createKeyReader(settings.key),
    readSecret: (reference) => readSecret(reference),
    registryFolder: join(dataDir, 'state', 'registry'),
    log: sinkLog(log, name),
  });
}

function createNats({ name, settings }: Extract<SinkConfig, { type: 'nats' }>, { agentId, sinkId, host, dataDir, log }: SinkDeps): Sink {
  return createNatsSink(settings, {
    id: name,
    agentId,
    sinkId,
    ...host,
    schemas: { process: recordSchema('process'), agent: recordSchema('agent') },
    view: viewOf(settings.format),
    readSecret: (reference) => readSecret(reference),
    registryFolder: join(dataDir, 'state', 'registry'),
    log: sinkLog(log, name),
  });
}

/** The names of the schemas that records of JSON go by; undefined where they are Avro. */
function viewOf(format: RecordFormat): Readonly<Record<RecordStream, string>> | undefined {
  if (format === 'avro') return undefined;
  const named = (stream: RecordStream): string => {
    const { fullName, fingerprint } = recordSchema(stream);
    return format === 'json' ? `${fullName}/${fingerprint}` : recordFormat(format);
  };
  return { process: named('process'), agent: named('agent') };
}

function recordSchema(stream: RecordStream): RecordSchema {
  const { fullName, text, json } = publishedSchema(stream);
  return { stream, fullName, text, fingerprint: fingerprintText(json) };
}

/** Not a child of the logger: that would keep the level it was made with. */
function sinkLog(log: Logger, sink: string): FileLog {
  return {
    info: (fields, message) => log.info({ sink, ...fields }, message),
    warn: (fields, message) => log.warn({ sink, ...fields }, message),
    error: (fields, message) => log.error({ sink, ...fields }, message),
  };
}
