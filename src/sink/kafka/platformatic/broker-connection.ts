import { Connection } from '@platformatic/kafka';

/**
 * A connection that is not used beyond its session. Where credentials end (tokens, most of all), brokers limit how long a log-in counts; the client would log in again in
 * the midst of other requests, which brokers refuse. So another connection is made in time, and this one ends with what is on its way.
 */
export class BrokerConnection extends Connection {
  /** Called when nothing more should be sent: four fifths of the session are over. */
  onRetire: () => void = () => undefined;
  #inFlight = 0;
  #retired = false;

  override send<R>(...args: Parameters<typeof Connection.prototype.send<R>>): void {
    const [apiKey, version, payload, parser, requestTags, responseTags, done] = args;
    this.#inFlight += 1;
    super.send(apiKey, version, payload, parser, requestTags, responseTags, (error, response) => {
      this.#inFlight -= 1;
      done(error, response);
      this.#endIfIdle();
    });
  }

  /** When the client would log in again. */
  override reauthenticate(): void {
    this.#retired = true;
    this.onRetire();
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#retired && this.#inFlight === 0) this.close(() => undefined);
  }
}
