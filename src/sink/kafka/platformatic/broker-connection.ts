import { once } from 'node:events';
import { Connection, saslAuthenticateV2 } from '@platformatic/kafka';
import { startLongTimer } from '../../../core/long-timer.ts';

/** What is left of a session then is for what is on its way. */
const USED_OF_SESSION = 0.8;

/**
 * A connection that is not used beyond its session. Where credentials end (tokens, most of all), brokers limit how long a log-in counts; the client would log in again in
 * the midst of other requests, which brokers refuse. So another connection is made in time, and this one ends with what is on its way.
 */
export class BrokerConnection extends Connection {
  /** Called when nothing more should be sent: four fifths of the session are over. */
  onRetire: () => void = () => undefined;
  #inFlight = 0;
  #retired = false;
  #cancelRetirement: () => void = () => undefined;

  constructor(...args: ConstructorParameters<typeof Connection>) {
    super(...args);
    this.on('close', () => this.#cancelRetirement());
  }

  override send<R>(...args: Parameters<typeof Connection.prototype.send<R>>): void {
    const [apiKey, version, payload, parser, requestTags, responseTags, done] = args;
    this.#inFlight += 1;
    super.send(apiKey, version, payload, parser, requestTags, responseTags, (error, response) => {
      this.#inFlight -= 1;
      if (error === null && apiKey === saslAuthenticateV2.api.key) this.#takeSession(response as Session);
      done(error, response);
      this.#endIfIdle();
    });
  }

  /** Breaks off whatever is on its way, or about to be, and resolves once the socket is closed: no broker is asked or waited for. */
  async destroy(): Promise<void> {
    this.#cancelRetirement();
    // This rejects what is on its way, but may never call back: not where connecting took too long, which has closed the socket, and not before a broker that has stopped reading has taken everything.
    this.close(() => undefined);
    const { socket } = this as { readonly socket?: Connection['socket'] };
    if (socket === undefined || socket.closed) return;
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
  }

  /** The client is told of no end: it would set a timer of its own, which outlives the connection, and goes off at once where it is set to more than 24.8 days. */
  #takeSession(session: Session): void {
    const lifetimeMs = Number(session.sessionLifetimeMs ?? 0);
    session.sessionLifetimeMs = 0n;
    if (lifetimeMs <= 0) return;
    this.#cancelRetirement();
    this.#cancelRetirement = startLongTimer(lifetimeMs * USED_OF_SESSION, () => {
      this.#retired = true;
      this.onRetire();
      this.#endIfIdle();
    });
  }

  #endIfIdle(): void {
    if (this.#retired && this.#inFlight === 0) this.close(() => undefined);
  }
}

/** Of an answer to a log-in: version 0 says nothing of it. */
interface Session {
  sessionLifetimeMs?: bigint;
}
