import { isUuidText, uuidBytes, uuidText } from '../core/uuid.ts';
import type { Evidence, Place } from '../verify/evidence.ts';

const UUID_LENGTH = 36;

/** Of which sink the messages of one stream are: their ids (`<sink id>/<agent id>/…`) say so, and several may write to it. */
export class MessagePlaces {
  readonly #partition: string;
  /** By the id of the sink. */
  readonly #bySink = new Map<string, Place>();
  /** By the run: for copies that somebody made, with ids of their own or none. */
  readonly #byRun = new Map<string, Place>();
  readonly #unknown: Place;
  #last: { readonly prefix: string; readonly place: Place } | undefined;

  constructor(partition: string) {
    this.#partition = partition;
    this.#unknown = { place: 'jetstream', sink: null, partition };
  }

  /** Of a record of a message with this id. */
  of(id: string | undefined, { agentId }: Pick<Evidence, 'agentId'>): Place {
    // Neighbouring messages are nearly always of one run and sink.
    if (this.#last !== undefined && id?.startsWith(this.#last.prefix) === true) return this.#last.place;
    const run = uuidText(agentId);
    const sink = id?.slice(0, UUID_LENGTH) ?? '';
    const prefix = `${sink}/${run}/`;
    if (!isUuidText(sink) || id?.startsWith(prefix) !== true) return this.#byRun.get(run) ?? this.#unknown;
    const place = this.#placeOf(sink);
    this.#last = { prefix, place };
    if (!this.#byRun.has(run)) this.#byRun.set(run, place);
    return place;
  }

  #placeOf(sink: string): Place {
    let place = this.#bySink.get(sink);
    if (place === undefined) {
      place = { place: sink, sink: uuidBytes(sink), partition: this.#partition };
      this.#bySink.set(sink, place);
    }
    return place;
  }
}
