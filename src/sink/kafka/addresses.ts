import type { Encoded, Origin } from '../../core/encoded.ts';
import type { RecordStream } from '../../core/event.ts';
import { uuidText } from '../../core/uuid.ts';
import type { Address, AddressOf } from './splitter.ts';
import type { TopicTemplate, TopicValues } from './topic-template.ts';

/** What a record's bytes are to its consumers: what stands before them in the value, and the headers that say so. */
export interface Content {
  readonly prefix: Uint8Array;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface AddressOptions {
  readonly topics: Readonly<Record<RecordStream, TopicTemplate>>;
  readonly values: TopicValues;
  /** Run of the agent whose records carry no origin. */
  readonly agentId: Uint8Array;
  /** Of all records; those of one host stay in order by it. */
  readonly hostKey: Uint8Array;
  /** Another key for this record; undefined: that of the host. */
  readonly keyOf: ((event: Encoded) => Uint8Array | undefined) | undefined;
  /** Of the records of a stream that one run wrote. Rejects where the schema's id cannot be had. */
  readonly contentOf: (stream: RecordStream, topic: string, origin: Origin | undefined) => Content | Promise<Content>;
}

/** Where each record goes, in what. What records have in common is made once. */
export function createAddressOf(options: AddressOptions): AddressOf {
  const own = new Map<string, Address>();
  const others = new WeakMap<Origin, Map<string, Address>>();
  const { topics, keyOf } = options;
  const byKind = topics.process.dependsOnKind || topics.agent.dependsOnKind;

  const knownFor = (origin: Origin | undefined): Map<string, Address> => {
    if (origin === undefined) return own;
    let known = others.get(origin);
    if (known === undefined) {
      known = new Map();
      others.set(origin, known);
    }
    return known;
  };

  return (event) => {
    const known = knownFor(event.origin);
    const name = byKind ? `${event.stream} ${event.kind}` : event.stream;
    const address = known.get(name);
    if (address !== undefined) return keyed(address, keyOf?.(event));
    return makeAddress(event, options).then((made) => {
      known.set(name, made);
      return keyed(made, keyOf?.(event));
    });
  };
}

function keyed(address: Address, key: Uint8Array | undefined): Address {
  return key === undefined ? address : { ...address, key };
}

async function makeAddress(event: Encoded, { topics, values, agentId, hostKey, contentOf }: AddressOptions): Promise<Address> {
  const topic = topics[event.stream].nameFor(event, values);
  const { prefix, headers } = await contentOf(event.stream, topic, event.origin);
  return { topic, key: hostKey, envelope: { prefix, headers, eventIdPrefix: `${uuidText(event.origin?.agentId ?? agentId)}:` } };
}
