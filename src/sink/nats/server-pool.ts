import { addressText, parseServer } from './servers-setting.ts';
import type { Server } from './servers-setting.ts';

/** Others of a cluster that are remembered at most. */
const MAX_LEARNT = 64;

/** The servers of a cluster: those of the configuration, and those that these told of. */
export class ServerPool {
  readonly #configured: readonly Server[];
  readonly #random: () => number;
  #learnt: readonly Server[] = [];

  constructor(configured: readonly Server[], random: () => number = Math.random) {
    this.#configured = configured;
    this.#random = random;
  }

  /** All, each once, in the order in which to try them: by chance, so that the agents of a fleet spread; those of the configuration first. */
  inTurn(): Server[] {
    const configured = this.#shuffled(this.#configured);
    const known = new Set(configured.map(addressText));
    return [...configured, ...this.#shuffled(this.#learnt.filter((server) => !known.has(addressText(server))))];
  }

  /** What a server says of its cluster takes the place of what was said before. They are reached as it was, by the name in its certificate. */
  learn(addresses: unknown, { encrypted, host, tlsName = host }: Server): void {
    // As it came over the network.
    const told: readonly unknown[] = Array.isArray(addresses) ? addresses : [];
    this.#learnt = told.slice(0, MAX_LEARNT).flatMap((text) => {
      const server = typeof text === 'string' ? parseServer(text) : undefined;
      return server === undefined ? [] : [{ ...server, encrypted, tlsName }];
    });
  }

  #shuffled(servers: readonly Server[]): Server[] {
    return servers
      .map((server) => ({ server, order: this.#random() }))
      .toSorted((a, b) => a.order - b.order)
      .map(({ server }) => server);
  }
}
