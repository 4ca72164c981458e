import { jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager, NextMsgRequest, SeqMsgRequest, StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import type { NatsConnectionConfig } from './config.ts';
import { connectToAny } from './connect.ts';
import type { ConnectDeps } from './connect.ts';
import { refused } from './explain.ts';
import { PulledMessages } from './pulled-messages.ts';
import { ServerPool } from './server-pool.ts';
import { streamState } from './stream-state.ts';
import type { StreamState } from './stream-state.ts';

export interface StreamSource {
  readonly connection: NatsConnectionConfig;
  readonly stream: string;
  /** Only messages under these, with `*` and `>`; none: all. */
  readonly subjects: readonly string[];
}

interface Opened {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly info: StreamInfo;
}

const NS_PER_SECOND = 1_000_000_000;
/** Of a consumer from which nobody reads any longer: the server forgets it then. */
const FORGET_S = 60;

/** A stream, through one connection at a time. Rejections are SINK_REFUSED and what has a fix beside it, and SINK_UNREACHABLE, which may pass. */
export class StreamSession {
  readonly #source: StreamSource;
  readonly #deps: ConnectDeps;
  readonly #pool: ServerPool;
  readonly #closing = new AbortController();
  #opened: Opened | undefined;
  /** When the stream was created, as it says itself. */
  #created: string | undefined;

  constructor(source: StreamSource, deps: ConnectDeps) {
    this.#source = source;
    this.#deps = deps;
    this.#pool = new ServerPool(source.connection.servers);
  }

  /** As it is now. */
  async info(): Promise<StreamInfo> {
    const before = this.#opened;
    const opened = await this.#open();
    return opened === before ? this.#infoOf(opened.connection) : opened.info;
  }

  /** A consumer of its own, from this message on, which the server forgets by itself. */
  async consume(from: number): Promise<PulledMessages> {
    const { stream, subjects, connection: settings } = this.#source;
    const { connection, manager } = await this.#open();
    const adding = manager.consumers.add(stream, {
      deliver_policy: 'by_start_sequence',
      opt_start_seq: from,
      ack_policy: 'none',
      replay_policy: 'instant',
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: FORGET_S * NS_PER_SECOND,
      ...(subjects.length === 0 ? {} : { filter_subjects: [...subjects] }),
    });
    const { name } = await adding.catch(rethrown);
    return new PulledMessages({ connection, inboxPrefix: settings.inboxPrefix, stream, consumer: name, explain: faultOf });
  }

  /** Whether there is a message of the subjects from this one on, up to the last: said by the stream itself. */
  async hasMore(from: number, last: number): Promise<boolean> {
    const { stream, subjects } = this.#source;
    const { manager } = await this.#open();
    for (const subject of subjects.length === 0 ? ['>'] : subjects) {
      // As servers since 2.9 take it; the client's types know it of another request only.
      const wanted: NextMsgRequest & SeqMsgRequest = { seq: from, next_by_subj: subject };
      const found = await manager.streams.getMessage(stream, wanted).catch(rethrown);
      if (found !== null && found.seq <= last) return true;
    }
    return false;
  }

  /** What is asked for next goes over another connection. */
  async leave(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.connection.close();
  }

  close(): Promise<void> {
    this.#closing.abort(new AgentError('SINK_UNREACHABLE', 'the reading was ended'));
    return this.leave();
  }

  async #open(): Promise<Opened> {
    if (this.#opened !== undefined) return this.#opened;
    const { connection: config } = this.#source;
    const { connection, server } = await connectToAny(config, this.#pool.inTurn(), { ...this.#deps, signal: this.#closing.signal });
    try {
      this.#pool.learn(connection.info?.connect_urls ?? [], server);
      const info = await this.#infoOf(connection);
      const manager = await jetstreamManager(connection, { checkAPI: false, timeout: config.connectTimeoutMs });
      this.#opened = { connection, manager, info };
      return this.#opened;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async #infoOf(connection: NatsConnection): Promise<StreamInfo> {
    const { connection: config, stream } = this.#source;
    const info = this.#infoIn(await streamState(connection, stream, config.connectTimeoutMs));
    this.#created ??= info.created;
    if (this.#created !== info.created) throw refused(`the stream ${stream} was created anew while it was read`, 'Verify again.');
    const { retention } = info.config;
    if (retention !== 'limits')
      throw refused(
        `the stream ${stream} has retention ${retention}: reading it would remove what is read`,
        'Verify a mirror of it that has retention limits, or the files of a consumer.',
      );
    return info;
  }

  #infoIn(state: StreamState): StreamInfo {
    const { stream } = this.#source;
    switch (state.kind) {
      case 'there':
        return state.info;
      case 'missing':
        throw refused(`there is no stream ${stream}`, 'Correct its name, with --stream or in the sink.');
      case 'disabled':
        // A server that has just started has none for a moment.
        if (this.#created !== undefined) throw new AgentError('SINK_UNREACHABLE', 'the server has no JetStream at present');
        throw refused('the server has no JetStream for this account', 'Name a server and an account that have the stream.');
      case 'unknown':
        throw faultOf(state.error);
    }
  }
}

function rethrown(error: unknown): never {
  throw faultOf(error);
}

/** Of 5xx and of no answer it is to be hoped that they pass; what else the server says is about what it was asked for. */
function faultOf(thrown: unknown): AgentError {
  if (thrown instanceof AgentError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const violation = violationIn(error);
  if (violation !== undefined) {
    const what = `${violation.operation === 'publish' ? 'publish' : 'subscribe'} to ${escapeText(violation.subject)}`;
    return refused(`this user may not ${what}`, `Allow it to ${what}.`, error);
  }
  const { status = 503 } = error as { status?: number };
  const message = `the server says: ${escapeText(error.message)}`;
  return status >= 400 && status < 500
    ? refused(message, 'Verify with a user that may read the stream, see the log of the server.', error)
    : new AgentError('SINK_UNREACHABLE', message, { cause: error, fix: 'See whether the stream has a leader, and the log of the server.' });
}

interface Violation {
  readonly operation: string;
  readonly subject: string;
}

function violationIn(error: Error): Violation | undefined {
  if (error.name === 'PermissionViolationError') return error as Error & Violation;
  return error.cause instanceof Error ? violationIn(error.cause) : undefined;
}
