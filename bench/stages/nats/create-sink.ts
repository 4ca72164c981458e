import { compileServers } from '../../../src/sink/nats/servers-setting.ts';
import { createNatsSink } from '../../../src/sink/nats/create.ts';
import type { NatsSinkConfig } from '../../../src/sink/nats/config.ts';
import type { NatsSink } from '../../../src/sink/nats/nats-sink.ts';
import type { RecordSchema } from '../../../src/sink/framing/contents.ts';

const SCHEMA: RecordSchema = { stream: 'process', fullName: 'forkcast.v1.ProcessEvent', fingerprint: '0123456789abcdef', text: '' };
export const LINGER_MS = 5;
const MIB = 2 ** 20;
const report = (_: object, message: string): void => void process.stderr.write(`${message}\n`);

export interface SinkShape {
  readonly mode: 'core' | 'jetstream';
  readonly perMessage: number;
}

/** What is written to it at once, as an agent does by default. */
export function boundsOf({ perMessage }: Pick<SinkShape, 'perMessage'>) {
  return { maxEvents: Math.max(1000, 10 * perMessage), maxBytes: 2 * MIB, lingerMs: LINGER_MS };
}

/** The sink of an agent as it is by default, to a stream of this name, or to subjects that begin with it. Not opened yet. */
export function createSink({ mode, perMessage }: SinkShape, { url, name }: { readonly url: string; readonly name: string }): NatsSink {
  const config: NatsSinkConfig = {
    servers: compileServers([url]),
    name: 'forkcast',
    inboxPrefix: '_INBOX',
    connectTimeoutMs: 5000,
    tls: null,
    auth: null,
    mode,
    subject: `${name}.{host}.process.{kind}`,
    agentSubject: `${name}.{host}.agent.{kind}`,
    stream: name,
    ensureStream: null,
    format: 'avro',
    framing: 'single_object',
    message: { maxEvents: perMessage, maxBytes: 900 * 1024 },
    window: { maxMessages: 4096, maxBytes: 8 * MIB },
    ackTimeoutMs: 10_000,
  };
  return createNatsSink(config, {
    id: 'nats',
    sinkId: Buffer.alloc(16, 1),
    agentId: Buffer.alloc(16, 2),
    hostId: Buffer.alloc(16, 3),
    hostname: 'bench',
    view: undefined,
    schemas: { process: SCHEMA, agent: { ...SCHEMA, stream: 'agent' } },
    readSecret: () => Buffer.alloc(0),
    registryFolder: '',
    log: { info: report, warn: report },
  });
}
