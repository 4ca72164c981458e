import { readSecret } from '../config/read-secret.ts';
import type { ConnectDeps } from '../sink/nats/connect.ts';
import type { NatsConnectionConfig } from '../sink/nats/config.ts';
import { streamSubjects } from '../sink/nats/ensure-config.ts';
import { compileServers, serversSetting } from '../sink/nats/servers-setting.ts';
import type { Server } from '../sink/nats/servers-setting.ts';
import type { StreamSource } from '../sink/nats/stream-session.ts';
import { chosenSink, usage } from './verify-sink.ts';
import type { SinkOptions } from './verify-sink.ts';

export interface JetStreamOptions extends SinkOptions {
  /** Servers, with commas between; true: those of a sink. */
  readonly jetstream?: string | true;
  readonly stream?: string;
}

/** Where messages are to be read. */
export interface JetStreamTarget extends StreamSource, ConnectDeps {}

const NATS = {
  type: 'nats',
  what: 'NATS',
  otherwise: 'Name servers and a stream, as in --jetstream nats://localhost:4222 --stream FORKCAST, or a configuration with -c.',
} as const;

const USUAL = { name: 'forkcast verify', inboxPrefix: '_INBOX', connectTimeoutMs: 10_000, tls: null, auth: null } as const;
const STREAM_NAME = /^[A-Za-z0-9_-]{1,255}$/;

/** Throws USAGE, CONFIG_UNREADABLE and CONFIG_INVALID. */
export function jetStreamTarget(options: JetStreamOptions): JetStreamTarget {
  const { jetstream, stream, config, sink: name, set } = options;
  const servers = typeof jetstream === 'string' ? serversOf(jetstream) : undefined;
  const wantsSink = servers === undefined || config !== undefined || name !== undefined || set !== undefined;
  if (stream !== undefined && !STREAM_NAME.test(stream))
    throw usage(`--stream ${JSON.stringify(stream)} is not the name of a stream`, 'Use letters, digits, _ and -, such as FORKCAST.');
  const deps = { readSecret: (reference: Parameters<typeof readSecret>[0]) => readSecret(reference) };
  if (!wantsSink) {
    if (stream === undefined) throw usage('no stream is named', 'Name it with --stream.');
    return { connection: { ...USUAL, servers: servers ?? [] }, stream, subjects: [], ...deps };
  }
  const { settings, name: found } = chosenSink(options, NATS);
  if (settings.mode === 'core' && stream === undefined)
    throw usage(
      `the sink ${found} is of mode core: nothing keeps what it sends`,
      'Name a stream that takes its subjects with --stream, if there is one.',
    );
  const connection: NatsConnectionConfig = { ...settings, servers: servers ?? settings.servers };
  // A stream that somebody names may have them under others.
  const subjects = stream === undefined ? streamSubjects([settings.subject, settings.agentSubject]) : [];
  return { connection, stream: stream ?? settings.stream, subjects, ...deps };
}

function serversOf(text: string): Server[] {
  const written = text.split(',').map((one) => one.trim());
  const [fault] = serversSetting.check(written);
  if (fault === undefined) return compileServers(written);
  // What is before an @ may be a password.
  const shown = text.includes('@') ? '' : ` ${JSON.stringify(text)}`;
  throw usage(`--jetstream${shown}: each server ${fault.reason}`, `${fault.fix}.`);
}
