import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamInfo } from '@nats-io/jetstream';
import { AgentError, asAgentError } from '../../core/errors.ts';
import type { ConnectDeps } from './connect.ts';
import type { PulledMessages, StoredMessage } from './pulled-messages.ts';
import { StreamSession } from './stream-session.ts';
import type { StreamSource } from './stream-session.ts';

/** What a stream held when the reading began. */
export interface StreamExtent {
  /** Number of its first message, and of its last; `first` is `last` + 1 where there are none. */
  readonly first: number;
  readonly last: number;
  readonly messages: number;
  /** So many were removed from its beginning, and from between. */
  readonly removed: number;
  readonly deleted: number;
}

/** Long enough for a leader to be elected or its server to be started, as long as nothing at all comes. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 500;
/** A server that has nothing to send says so each second: after so many it is asked anew. */
const MAX_IDLE = 10;

/**
 * Reads a stream from its beginning to where it ended when the reading began; changes nothing in it. What it gives is complete: where a server goes it begins anew
 * behind what it has, and where it cannot go on it rejects, with SINK_UNREACHABLE or SINK_REFUSED.
 */
export class StreamReader {
  readonly #source: StreamSource;
  readonly #patienceMs: number;
  readonly #session: StreamSession;
  #next = 1;
  #count = 0;
  #progressMs = 0;

  constructor(source: StreamSource, deps: ConnectDeps, patienceMs = PATIENCE_MS) {
    this.#source = source;
    this.#patienceMs = patienceMs;
    this.#session = new StreamSession(source, deps);
  }

  /** Pieces of it, in its order; `onExtent` is told what there is before the first. To be called once. */
  async *read(onExtent?: (extent: StreamExtent) => void): AsyncGenerator<readonly StoredMessage[]> {
    // Nobody waits for a server of which nothing is known yet, perhaps not even its right address.
    const extent = extentOf(await this.#session.info());
    this.#next = extent.first;
    this.#progressMs = performance.now();
    onExtent?.(extent);
    while (this.#next <= extent.last) {
      const pulled = await this.#patiently(() => this.#session.consume(this.#next));
      try {
        yield* this.#piecesOf(pulled, extent.last);
      } finally {
        pulled.end();
      }
    }
    this.#checkEnd(extent, extentOf(await this.#patiently(() => this.#session.info())));
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** Until all has come, or no more comes that way: then what is next is not behind the end. */
  async *#piecesOf(pulled: PulledMessages, last: number): AsyncGenerator<readonly StoredMessage[]> {
    for (let idle = 0; this.#next <= last;) {
      if (idle > MAX_IDLE) return this.#afterFault(new AgentError('SINK_UNREACHABLE', 'the server sends nothing, though there is more'));
      const piece = await this.#orNothing(() => pulled.next());
      if (piece === undefined) return;
      const newest = piece.at(-1);
      idle = newest === undefined ? idle + 1 : 0;
      if (newest !== undefined) yield this.#taken(piece, last);
      if (this.#next > last || (newest !== undefined && newest.pending > 0)) continue;
      // The last may be gone, or not be among the subjects. What a consumer says of what is left is no proof.
      const isMore = await this.#orNothing(() => this.#session.hasMore(this.#next, last));
      if (isMore === undefined) return;
      if (!isMore) this.#next = last + 1;
    }
  }

  #taken(piece: readonly StoredMessage[], last: number): readonly StoredMessage[] {
    const newest = (piece.at(-1) as StoredMessage).sequence;
    const wanted = newest <= last ? piece : piece.filter(({ sequence }) => sequence <= last);
    this.#next = newest + 1;
    this.#count += wanted.length;
    this.#progressMs = performance.now();
    return wanted;
  }

  /** What was there when the reading began has come, or was removed since. */
  #checkEnd({ first, last, deleted, messages }: StreamExtent, now: StreamExtent): void {
    const { stream, subjects } = this.#source;
    const again = { fix: 'Verify again.' };
    if (now.last < last)
      throw new AgentError('SINK_UNREACHABLE', `the stream ${stream} ended at sequence ${last}, and ends at ${now.last} now`, again);
    const isSame = subjects.length === 0 && now.first === first && now.deleted === deleted;
    if (isSame && this.#count !== messages)
      throw new AgentError('SINK_UNREACHABLE', `of ${messages} messages of the stream ${stream} ${this.#count} have come`, again);
  }

  async #orNothing<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      await this.#afterFault(error);
      return undefined;
    }
  }

  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      const answer = await this.#orNothing(async () => ({ value: await ask() }));
      if (answer !== undefined) return answer.value;
    }
  }

  /** Returns when it is worth another attempt, on a connection of its own; else throws. */
  async #afterFault(thrown: unknown): Promise<void> {
    const error = asAgentError(thrown);
    if (error.category !== 'transient') throw error;
    if (performance.now() - this.#progressMs > this.#patienceMs) {
      const message = `of the stream ${this.#source.stream} nothing has come for ${this.#patienceMs / 1000} s, from sequence ${this.#next} on: ${error.message}`;
      throw new AgentError('SINK_UNREACHABLE', message, { cause: error, fix: 'See whether the stream has a leader, and verify again.' });
    }
    await this.#session.leave();
    await sleep(PAUSE_MS);
  }
}

function extentOf({ config, state }: StreamInfo): StreamExtent {
  const { first_seq: first, last_seq: last, messages } = state;
  // Left out where there are none, whatever the types of the client say.
  const { num_deleted: deleted = 0 } = state as Partial<typeof state>;
  // A stream that is empty and was always so has neither.
  const begin = Math.max(1, config.first_seq ?? 1);
  return { first: Math.max(first, begin), last, messages, removed: Math.max(0, first - begin), deleted };
}
