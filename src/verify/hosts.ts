import type { Uuid } from '../core/event.ts';
import { uuidText } from '../core/uuid.ts';
import type { Evidence } from './evidence.ts';

interface Seen {
  readonly hostId: Uuid;
  readonly bootId: Uuid;
  readonly hostname: string;
  records: number;
}

/** As many as are told apart; a run has one. */
const MAX_HOSTS = 8;

/** The host of a run, by its records: where they do not agree, most of them decide. */
export class Hosts {
  readonly #all: Seen[] = [];
  #last: Seen | undefined;

  add({ host_id, boot_id, hostname }: Evidence['host']): void {
    let seen = this.#last;
    if (seen === undefined || !seen.hostId.equals(host_id) || !seen.bootId.equals(boot_id)) {
      seen = this.#all.find(({ hostId, bootId }) => hostId.equals(host_id) && bootId.equals(boot_id));
      if (seen === undefined && this.#all.length < MAX_HOSTS) {
        seen = { hostId: Buffer.from(host_id), bootId: Buffer.from(boot_id), hostname, records: 0 };
        this.#all.push(seen);
      }
      if (seen === undefined) return;
      this.#last = seen;
    }
    seen.records += 1;
  }

  get hostId(): string {
    return this.#main === undefined ? '' : uuidText(this.#main.hostId);
  }

  get hostname(): string {
    return this.#main?.hostname ?? '';
  }

  /** What does not belong to the same run, in words. */
  get strangers(): readonly string[] {
    const main = this.#main;
    return this.#all
      .filter((seen) => seen !== main)
      .map(
        ({ hostId, bootId, records }) =>
          `${records === 1 ? '1 record is' : `${records} records are`} of host ${uuidText(hostId)}, boot ${uuidText(bootId)}`,
      );
  }

  get #main(): Seen | undefined {
    return this.#all.toSorted((a, b) => b.records - a.records)[0];
  }
}
