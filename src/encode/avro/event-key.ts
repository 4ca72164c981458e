import type { Encoded } from '../../core/encoded.ts';
import { uuidText } from '../../core/uuid.ts';
import { publishedSchema } from './schemas.ts';
import { avroType } from './types.ts';

/** What of an event keeps it together with others. */
export type EventKey = 'entity_id' | 'container';

interface Keys {
  readonly process: { readonly entity_id: Buffer };
  readonly container: { readonly id: string } | null;
}

/** Of the schema that is read with: all that it does not name is passed over. */
const FIELDS = {
  entity_id: {
    name: 'process',
    type: { type: 'record', name: 'ProcessInfo', fields: [{ name: 'entity_id', type: { type: 'fixed', name: 'Uuid', size: 16 } }] },
  },
  container: {
    name: 'container',
    type: ['null', { type: 'record', name: 'Container', fields: [{ name: 'id', type: 'string' }] }],
  },
} as const;

/**
 * Reads from the bytes of a process event, without decoding the rest, the id of its process as text, or of its container; undefined where it has none. Only for
 * records of the newest schema.
 */
export function createKeyReader(key: EventKey): (event: Encoded) => Uint8Array | undefined {
  const { json } = publishedSchema('process');
  const writer = avroType(json);
  const reader = avroType({ type: 'record', name: json.name, namespace: json.namespace, fields: [FIELDS[key]] });
  const resolver = reader.createResolver(writer);
  return ({ stream, bytes }) => {
    if (stream !== 'process') return undefined;
    const { process, container } = reader.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0, resolver).value as Keys;
    if (key === 'entity_id') return Buffer.from(uuidText(process.entity_id));
    return container === null ? undefined : Buffer.from(container.id);
  };
}
