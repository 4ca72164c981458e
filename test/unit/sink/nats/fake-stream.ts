import { onTestFinished } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { Envelopes } from '../../../../src/sink/framing/envelopes.ts';
import { Link } from '../../../../src/sink/nats/link.ts';
import { NatsSink } from '../../../../src/sink/nats/nats-sink.ts';
import type { Dialer } from '../../../../src/sink/nats/nats-sink.ts';
import { Packer } from '../../../../src/sink/nats/packer.ts';
import { StreamConfirmer } from '../../../../src/sink/nats/stream-confirmer.ts';
import { Window } from '../../../../src/sink/nats/window.ts';
import { sequencesIn } from '../../../contract/records.ts';
import { FakeConnection } from './fake-connection.ts';
import { headerOf } from './frames.ts';
import type { Frame } from './frames.ts';
import { envelopeOf, never } from './messages.ts';

/** What the stream does with a message: stores and acknowledges it; stores it, and the acknowledgement is lost; answers so; or nothing. */
export type Reaction = 'ack' | 'lose' | 'silent' | { readonly error: number };

/** A stream on a server that does what it is told, and recognises what it has by its id; and the connections to it. */
export class FakeStream implements Dialer {
  /** What it holds, in its order. */
  readonly log: Frame[] = [];
  /** All that came, with what it refused and what it had already. */
  readonly came: Frame[] = [];
  readonly connections: FakeConnection[] = [];
  maxPayload = 1_000_000;
  bounds = { maxMessages: 4096, maxBytes: 8e6 };
  react: (frame: Frame) => Reaction = () => 'ack';
  /** Rejects: no server is to be had. */
  dialing: () => Promise<void> = () => Promise.resolve();
  readonly #ids = new Set<string>();

  async dial(signal: AbortSignal): Promise<Link> {
    signal.throwIfAborted();
    await this.dialing();
    const connection = new FakeConnection();
    connection.info = { max_payload: this.maxPayload };
    connection.onFrame = (frame) => queueMicrotask(() => this.#take(frame, connection));
    this.connections.push(connection);
    const window = new Window(this.bounds);
    return new Link({
      connection: connection.client,
      place: 'n1:4222',
      window,
      confirmer: new StreamConfirmer({
        connection: connection.client,
        inboxPrefix: '_INBOX',
        stream: 'S',
        window,
        onDuplicate: () => undefined,
        whyUnheard: () => Promise.resolve(new AgentError('SINK_REFUSED', 'no stream')),
        onDeaf: () => undefined,
      }),
      explain: (error) => new AgentError('SINK_UNREACHABLE', error.message),
    });
  }

  /** The connection that was made last. */
  get connection(): FakeConnection {
    return this.connections.at(-1) as FakeConnection;
  }

  /** Sequences of the events that it holds. */
  get held(): number[] {
    return this.log.flatMap(sequencesOf);
  }

  /** Sequences of the events of all that came. */
  get tried(): number[] {
    return this.came.flatMap(sequencesOf);
  }

  /** Answers what it was silent about so far. */
  acknowledge(frame: Frame, connection = this.connection): void {
    this.#store(frame);
    connection.stored(frame);
  }

  #take(frame: Frame, connection: FakeConnection): void {
    this.came.push(frame);
    const reaction = this.react(frame);
    if (reaction === 'silent') return;
    if (typeof reaction === 'object') {
      const error = JSON.stringify({ error: { code: 400, err_code: reaction.error, description: 'no' }, stream: 'S', seq: 0 });
      return connection.answer(frame.reply, error);
    }
    this.#store(frame);
    if (reaction === 'ack') connection.stored(frame);
  }

  #store(frame: Frame): void {
    const id = headerOf(frame, 'Nats-Msg-Id') as string;
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    this.log.push(frame);
  }
}

/** Of the records of a message. */
export function sequencesOf({ body, headers }: Frame): number[] {
  if (!headers.includes('batch=uint32')) return sequencesIn(body.subarray(2));
  const found: number[] = [];
  for (let at = 0; at < body.length; at += 4 + body.readUInt32BE(at))
    found.push(...sequencesIn(body.subarray(at + 6, at + 4 + body.readUInt32BE(at))));
  return found;
}

/** A sink that writes there; `maxEvents` in a message. */
export function sinkTo(stream: FakeStream, maxEvents = 1): NatsSink {
  const envelopes = new Envelopes(({ kind }) => Promise.resolve({ envelope: envelopeOf(`f.${kind.toLowerCase()}`) }), true);
  const sink = new NatsSink({
    id: 'nats',
    loadDialer: () => Promise.resolve(stream),
    packer: new Packer(envelopes, { maxEvents, maxBytes: 1e6 }),
  });
  onTestFinished(() => sink.close());
  return sink;
}

export async function openedSink(stream: FakeStream, maxEvents = 1): Promise<NatsSink> {
  const sink = sinkTo(stream, maxEvents);
  await sink.open(never);
  return sink;
}
