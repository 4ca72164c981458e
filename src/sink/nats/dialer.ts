import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import type { NatsSinkConfig } from './config.ts';
import { connectToAny } from './connect.ts';
import type { ConnectDeps, Connected } from './connect.ts';
import type { Confirmer } from './confirmer.ts';
import { CoreConfirmer } from './core-confirmer.ts';
import { streamSubjects } from './ensure-config.ts';
import { ensureStream } from './ensure-stream.ts';
import { connectFault, permissionFault } from './explain.ts';
import { Link } from './link.ts';
import type { Dialer } from './nats-sink.ts';
import { Overdue } from './overdue.ts';
import { ServerPool } from './server-pool.ts';
import { addressText } from './servers-setting.ts';
import { StreamConfirmer } from './stream-confirmer.ts';
import type { StreamConfirmerParts } from './stream-confirmer.ts';
import { streamState, whyUnheard } from './stream-state.ts';
import { Window } from './window.ts';

export interface DialerDeps extends ConnectDeps {
  readonly onDuplicate: () => void;
  readonly log: { info(fields: object, message: string): void };
}

/** While a stream has no leader nobody answers, and by the time that this is certain it may have one again. */
const ASK_MS = 2000;

/** Makes connections to the servers of a sink, to one at a time. */
export class NatsDialer implements Dialer {
  readonly #config: NatsSinkConfig;
  readonly #deps: DialerDeps;
  readonly #pool: ServerPool;
  /** The stream was there: if it is not any more, messages that nobody takes will tell. */
  #wasThere = false;

  constructor(config: NatsSinkConfig, deps: DialerDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#pool = new ServerPool(config.servers);
  }

  async dial(signal: AbortSignal): Promise<Link> {
    const connected = await connectToAny(this.#config, this.#pool.inTurn(), { ...this.#deps, signal });
    const { connection } = connected;
    this.#pool.learn(connection.info?.connect_urls ?? [], connected.server);
    try {
      if (!this.#wasThere) await this.#ensure(connected);
      return this.#link(connected);
    } catch (error) {
      await connection.close();
      // It may have ended meanwhile, which the client says in its own way.
      throw connectFault(error, connected.server, this.#config);
    }
  }

  async #ensure({ connection }: Connected): Promise<void> {
    const { mode, ensureStream: wanted, stream: name, connectTimeoutMs: timeoutMs } = this.#config;
    if (mode !== 'jetstream' || wanted === null) return;
    const made = await ensureStream(connection, { ...wanted, name, timeoutMs });
    this.#wasThere = true;
    if (made === 'created')
      this.#deps.log.info({ stream: name, subjects: wanted.subjects }, `the stream ${name} was not there: created it`);
  }

  #link(connected: Connected): Link {
    const { connection, server } = connected;
    const { window: bounds, ackTimeoutMs } = this.#config;
    const place = addressText(server);
    const window = new Window(bounds);
    const link: Link = new Link({
      connection,
      place,
      window,
      confirmer: this.#confirmer(connected, window, {
        onDeaf: (error) => link.fail(this.#explain(error, place)),
        // A server that stops has taken its streams away already, and would not answer for them.
        whyUnheard: async (subject) => (link.isLeaving ? stopping(place) : this.#whyUnheard(connected, subject)),
      }),
      explain: (error) => this.#explain(error, place),
    });
    const overdue = new Overdue({
      window,
      timeoutMs: ackTimeoutMs,
      onStalled: () => link.fail(this.#overdue('no acknowledgement has come', place)),
      onLost: (token) => {
        const fault = this.#overdue('an acknowledgement was lost', place);
        for (const message of window.upTo(token)) message.owner?.settled(message, fault);
      },
    });
    link.onEnd(() => overdue.end());
    return link;
  }

  #confirmer({ connection }: Connected, window: Window, calls: Pick<StreamConfirmerParts, 'onDeaf' | 'whyUnheard'>): Confirmer {
    const { mode, inboxPrefix, stream } = this.#config;
    if (mode === 'core') return new CoreConfirmer({ connection, window });
    return new StreamConfirmer({ connection, inboxPrefix, stream, window, onDuplicate: this.#deps.onDuplicate, ...calls });
  }

  async #whyUnheard({ connection }: Connected, subject: string): Promise<AgentError> {
    const { stream: name, subject: process, agentSubject, connectTimeoutMs, ensureStream: wanted } = this.#config;
    const state = await streamState(connection, name, Math.min(connectTimeoutMs, ASK_MS));
    if (state.kind === 'missing' && wanted !== null) {
      await this.#ensure({ connection, server: this.#config.servers[0] as Connected['server'] });
      return new AgentError('SINK_UNREACHABLE', `the stream ${name} was gone, and was created anew`);
    }
    return whyUnheard(state, subject, { name, subjects: streamSubjects([process, agentSubject]) });
  }

  #overdue(what: string, place: string): AgentError {
    const seconds = this.#config.ackTimeoutMs / 1000;
    return new AgentError('SINK_UNREACHABLE', `${place}: ${what} for ${seconds} s`, {
      fix: 'See the log of the servers: the disk may be full, or the stream without a majority; if it is only slow, raise ack_timeout.',
    });
  }

  /** A user whose time is over may have been given more: the next connection tells. */
  #explain(error: Error, place: string): AgentError {
    return (
      permissionFault(error, this.#config) ?? new AgentError('SINK_UNREACHABLE', `${place}: ${escapeText(error.message)}`, { cause: error })
    );
  }
}

/** Another was looked for when it said so. */
function stopping(place: string): AgentError {
  return new AgentError('SINK_UNREACHABLE', `${place} is about to stop, and no other server was to be had`, {
    fix: 'Start it again, or name others of its cluster in servers.',
  });
}
