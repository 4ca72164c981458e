import type { NatsConnection } from '@nats-io/transport-node';
import { setImmediate as next } from 'node:timers/promises';
import type { Confirmer } from './confirmer.ts';
import type { Window } from './window.ts';

export interface CoreConfirmerParts {
  readonly connection: NatsConnection;
  readonly window: Window;
}

/**
 * Without a stream nobody answers to a message. But a server answers a PING only after all that came before it on the connection, and says before that which of it
 * it refused: so what was sent before a PING is with the server when its PONG comes.
 */
export class CoreConfirmer implements Confirmer {
  readonly #parts: CoreConfirmerParts;
  #asked = 0;
  #ended = false;

  constructor(parts: CoreConfirmerParts) {
    this.#parts = parts;
  }

  replyTo(): string {
    return '';
  }

  sent(): void {
    const { window, connection } = this.#parts;
    const token = window.lastToken;
    if (token === this.#asked) return;
    this.#asked = token;
    // It rejects when the connection ends, which the link notices by itself, and settles all.
    connection.flush().then(
      () => this.#confirm(token),
      () => undefined,
    );
  }

  end(): void {
    this.#ended = true;
  }

  async #confirm(token: number): Promise<void> {
    // What was refused before the PONG is told through a queue of the client's.
    await next();
    if (this.#ended) return;
    for (const message of this.#parts.window.upTo(token)) message.owner?.settled(message, undefined);
  }
}
