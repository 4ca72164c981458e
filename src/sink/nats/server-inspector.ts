import { jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamAccountStats } from '@nats-io/jetstream';
import { createInbox, headers, nuid } from '@nats-io/transport-node';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { asAgentError, AgentError } from '../../core/errors.ts';
import { AcknowledgementReader } from './acknowledgement.ts';
import type { NatsConnectionConfig } from './config.ts';
import { connectToAny } from './connect.ts';
import type { ConnectDeps } from './connect.ts';
import { permissionFault } from './explain.ts';
import { addressText } from './servers-setting.ts';
import type { Server } from './servers-setting.ts';
import { streamState } from './stream-state.ts';
import type { StreamState } from './stream-state.ts';

/** A server that lets the agent in. */
export interface ServerReport {
  readonly name: string;
  readonly version: string;
  /** null: it is alone. */
  readonly cluster: string | null;
  readonly hasJetStream: boolean;
  readonly asksWhoIsThere: boolean;
  /** Bytes of one message, its headers among them. */
  readonly maxPayload: number;
  /** Others that it knows, as `host:port`. */
  readonly others: readonly string[];
}

/** What an account may have, and has. */
export type AccountReport = JetStreamAccountStats;

/**
 * What became of a message that no stream takes: a stream refused it, as it was to · nobody listens · nothing was answered · or why it was not let through.
 */
export type Trial = 'refused' | 'unheard' | 'unanswered' | AgentError;

/** Status of an answer: nobody listens to the subject. */
const NO_RESPONDERS = 503;
/** Header of the protocol that names the stream which is to take a message: all others refuse it. */
const EXPECTED_STREAM = 'Nats-Expected-Stream';

/** Asks servers what a publisher would meet there. Nothing is stored by it. Rejections are SINK_REFUSED and SINK_UNREACHABLE. */
export class ServerInspector {
  readonly #config: NatsConnectionConfig;
  readonly #deps: ConnectDeps;
  readonly #connections = new Map<string, NatsConnection>();

  constructor(config: NatsConnectionConfig, deps: ConnectDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  async server(server: Server): Promise<ServerReport> {
    const { info } = await this.#to(server);
    if (info === undefined) throw new AgentError('BUG', 'a connection without the greeting of its server');
    return {
      name: info.server_name,
      version: info.version,
      cluster: info.cluster ?? null,
      hasJetStream: info.jetstream === true,
      asksWhoIsThere: info.auth_required === true,
      maxPayload: info.max_payload,
      others: info.connect_urls ?? [],
    };
  }

  /** As the cluster of this server knows it. */
  async stream(name: string, at: Server): Promise<StreamState> {
    return streamState(await this.#to(at), name, this.#config.connectTimeoutMs);
  }

  async account(at: Server): Promise<AccountReport> {
    const manager = await jetstreamManager(await this.#to(at), { checkAPI: false, timeout: this.#config.connectTimeoutMs });
    return manager.getAccountInfo();
  }

  /**
   * Publishes an empty message to each of these subjects, to be taken by a stream whose name nobody has: whoever has the subject refuses it, and thereby shows that
   * the agent may publish there and hear of it. Only plain subscribers get to see it.
   */
  async tryPublish(subjects: readonly string[], at: Server): Promise<ReadonlyMap<string, Trial>> {
    const connection = await this.#to(at);
    const trials = new Map<string, Trial>();
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const settle = (subject: string, trial: Trial): void => {
      if (!trials.has(subject)) trials.set(subject, trial);
      if (trials.size === subjects.length) end();
    };
    const fail = (error: Error): void => {
      const fault = permissionFault(error, this.#config) ?? asAgentError(error);
      const { operation, subject } = error as { operation?: string; subject?: string };
      if (operation === 'publish' && subject !== undefined) settle(subject, fault);
      else if (operation === 'subscription') for (const one of subjects) settle(one, fault);
    };
    const inbox = `${createInbox(this.#config.inboxPrefix)}.`;
    const subscription = connection.subscribe(`${inbox}*`, {
      callback: (error, answer) =>
        error === null ? settle(subjects[Number(answer.subject.slice(inbox.length))] ?? '', trialIn(answer)) : fail(error),
    });
    const watching = this.#watch(connection, fail);
    const expected = headers();
    expected.set(EXPECTED_STREAM, `forkcast-check-${nuid.next()}`);
    for (const [i, subject] of subjects.entries()) connection.publish(subject, '', { headers: expected, reply: `${inbox}${i}` });
    const timer = setTimeout(end, this.#config.connectTimeoutMs);
    await Promise.race([over, watching]);
    clearTimeout(timer);
    subscription.unsubscribe();
    for (const subject of subjects) settle(subject, 'unanswered');
    return trials;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  /** Ends with the connection. */
  async #watch(connection: NatsConnection, onError: (error: Error) => void): Promise<void> {
    for await (const status of connection.status()) if (status.type === 'error') onError(status.error);
  }

  async #to(server: Server): Promise<NatsConnection> {
    const place = addressText(server);
    const known = this.#connections.get(place);
    if (known?.isClosed() === false) return known;
    const { connection } = await connectToAny(this.#config, [server], { ...this.#deps, signal: new AbortController().signal });
    this.#connections.set(place, connection);
    return connection;
  }
}

/** Only what is refused is to be told from the rest. */
const NO_STREAM = new AcknowledgementReader('');

function trialIn({ data, headers: of }: Msg): Trial {
  if (data.length === 0 && of?.code === NO_RESPONDERS) return 'unheard';
  const found = NO_STREAM.read(data);
  // Stored it cannot be; whoever says so is no stream.
  return found instanceof AgentError && found.context['err_code'] !== undefined ? 'refused' : 'unanswered';
}
