import type { Encoded, Origin } from '../../core/encoded.ts';
import type { RecordStream } from '../../core/event.ts';
import { uuidText } from '../../core/uuid.ts';
import type { Address, AddressOf } from './splitter.ts';
import type { TopicTemplate, TopicValues } from './topic-template.ts';

/** What a record's bytes are to its consumers: what stands before them in the value, and the headers that say so. */
export interface Content {
  readonly prefix: Uint8Array;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether it would be the same if it were made now. Absent: always. Cheap enough for each batch. */
  readonly isCurrent?: () => boolean;
}

interface Made {
  readonly address: Address;
  readonly isCurrent: (() => boolean) | undefined;
  /** When it was looked at last, as a number of `refresh`. */
  checkedAt: number;
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

/** Where each record goes, in what. What records have in common is made once, and anew where its content is no longer current after a `refresh`. */
export function createAddressOf(options: AddressOptions): AddressOf {
  const own = new Map<string, Made>();
  const others = new WeakMap<Origin, Map<string, Made>>();
  const { topics, keyOf } = options;
  const byKind = topics.process.dependsOnKind || topics.agent.dependsOnKind;
  let refreshes = 0;

  const knownFor = (origin: Origin | undefined): Map<string, Made> => {
    if (origin === undefined) return own;
    let known = others.get(origin);
    if (known === undefined) {
      known = new Map();
      others.set(origin, known);
    }
    return known;
  };

  const addressOf = (event: Encoded): Address | Promise<Address> => {
    const known = knownFor(event.origin);
    const name = byKind ? `${event.stream} ${event.kind}` : event.stream;
    const found = known.get(name);
    if (found !== undefined && (found.checkedAt === refreshes || isStillCurrent(found, refreshes)))
      return keyed(found.address, keyOf?.(event));
    // Of the time before it is waited for: it may have changed when it comes.
    return makeAddress(event, options, refreshes).then((made) => {
      known.set(name, made);
      return keyed(made.address, keyOf?.(event));
    });
  };
  const refresh = (): void => {
    refreshes += 1;
  };
  return Object.assign(addressOf, { refresh });
}

function isStillCurrent(made: Made, refreshes: number): boolean {
  if (made.isCurrent?.() === false) return false;
  made.checkedAt = refreshes;
  return true;
}

function keyed(address: Address, key: Uint8Array | undefined): Address {
  return key === undefined ? address : { ...address, key };
}

async function makeAddress(event: Encoded, options: AddressOptions, checkedAt: number): Promise<Made> {
  const { topics, values, agentId, hostKey, contentOf } = options;
  const topic = topics[event.stream].nameFor(event, values);
  const { prefix, headers, isCurrent } = await contentOf(event.stream, topic, event.origin);
  const eventIdPrefix = `${uuidText(event.origin?.agentId ?? agentId)}:`;
  return { address: { topic, key: hostKey, envelope: { prefix, headers, eventIdPrefix } }, isCurrent, checkedAt };
}
