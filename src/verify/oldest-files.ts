import type { Uuid } from '../core/event.ts';
import type { Evidence, Place } from './evidence.ts';

/** The oldest file of process events that is there, and the record that it begins with. */
export interface OldestFile {
  readonly age: string;
  readonly number: number;
  readonly agentId: Uuid;
  readonly sequence: number;
}

/**
 * Where the files of a sink begin. Retention removes the oldest first, and the number of the oldest that is left says whether there were older
 * ones. Whoever removes the first files by hand leaves the same behind, so that cannot be told from retention.
 */
export class OldestFiles {
  readonly #byWhere = new Map<string, OldestFile>();
  #last: Place | undefined;

  note({ agentId, sequence }: Evidence, place: Place, where: string): void {
    if (place === this.#last) return;
    this.#last = place;
    const { file } = place;
    if (file === undefined || file.stream !== 'process' || sequence === null) return;
    const known = this.#byWhere.get(where);
    if (known !== undefined && known.age <= file.age) return;
    this.#byWhere.set(where, { age: file.age, number: file.number, agentId: Buffer.from(agentId), sequence });
  }

  /** undefined where the first file is there, or nothing is known of files. */
  cutOff(where: string): OldestFile | undefined {
    const oldest = this.#byWhere.get(where);
    return oldest !== undefined && oldest.number > 1 ? oldest : undefined;
  }
}
