import type { Encoded } from '../../core/encoded.ts';
import type { RecordStream } from '../../core/event.ts';
import { uuidText } from '../../core/uuid.ts';
import type { ContentOf } from '../framing/contents.ts';
import { Envelopes } from '../framing/envelopes.ts';
import type { Made } from '../framing/envelopes.ts';
import type { Address, AddressOf } from './splitter.ts';
import type { TopicTemplate, TopicValues } from './topic-template.ts';

export interface AddressOptions {
  readonly topics: Readonly<Record<RecordStream, TopicTemplate>>;
  readonly values: TopicValues;
  /** Run of the agent whose records carry no origin. */
  readonly agentId: Uint8Array;
  /** Of all records; those of one host stay in order by it. */
  readonly hostKey: Uint8Array;
  /** Another key for this record; undefined: that of the host. */
  readonly keyOf: ((event: Encoded) => Uint8Array | undefined) | undefined;
  readonly contentOf: ContentOf;
}

/** Where each record goes, in what. */
export function createAddressOf(options: AddressOptions): AddressOf {
  const { topics, keyOf } = options;
  const byKind = topics.process.dependsOnKind || topics.agent.dependsOnKind;
  const addresses = new Envelopes((event) => makeAddress(event, options), byKind);
  const addressOf = (event: Encoded): Address | Promise<Address> => {
    const found = addresses.of(event);
    if (found instanceof Promise) return found.then((address) => keyed(address, keyOf?.(event)));
    return keyed(found, keyOf?.(event));
  };
  return Object.assign(addressOf, { refresh: () => addresses.refresh() });
}

function keyed(address: Address, key: Uint8Array | undefined): Address {
  return key === undefined ? address : { ...address, key };
}

async function makeAddress(event: Encoded, options: AddressOptions): Promise<Made<Address>> {
  const { topics, values, agentId, hostKey, contentOf } = options;
  const topic = topics[event.stream].nameFor(event, values);
  const { prefix, headers, isCurrent } = await contentOf(event.stream, topic, event.origin);
  const eventIdPrefix = `${uuidText(event.origin?.agentId ?? agentId)}:`;
  return { envelope: { topic, key: hostKey, envelope: { prefix, headers, eventIdPrefix } }, isCurrent };
}
