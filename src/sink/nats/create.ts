import type { RecordStream } from '../../core/event.ts';
import type { SecretReference } from '../../core/secret-reference.ts';
import { uuidText } from '../../core/uuid.ts';
import { createContentOf, createViewOf } from '../framing/contents.ts';
import type { RecordSchema } from '../framing/contents.ts';
import { RegistryClient } from '../registry/client.ts';
import { SchemaIds } from '../registry/schema-ids.ts';
import type { RegistryLog } from '../registry/schema-ids.ts';
import type { NatsSinkConfig } from './config.ts';
import { DuplicateLog } from './duplicate-log.ts';
import { createEnvelopes } from './envelope.ts';
import { NatsSink } from './nats-sink.ts';
import { Packer } from './packer.ts';
import { SubjectTemplate } from './subject-template.ts';

export interface NatsDeps {
  readonly id: string;
  readonly sinkId: Uint8Array;
  /** Run whose records carry no origin. */
  readonly agentId: Uint8Array;
  readonly hostId: Uint8Array;
  readonly hostname: string;
  readonly schemas: Readonly<Record<RecordStream, RecordSchema>>;
  /** Where records are JSON: the name of the schema that they go by. */
  readonly view: Readonly<Record<RecordStream, string>> | undefined;
  readonly readSecret: (reference: SecretReference) => Buffer;
  /** Where ids of schemas are kept. */
  readonly registryFolder: string;
  readonly log: RegistryLog;
}

/** Not opened yet; reads nothing but ids of schemas that are kept. */
export function createNatsSink(config: NatsSinkConfig, deps: NatsDeps): NatsSink {
  const { framing, registry, subject, agentSubject, mode, stream } = config;
  const closing = new AbortController();
  const ids =
    registry === undefined
      ? undefined
      : new SchemaIds({
          config: registry,
          client: new RegistryClient(registry, deps.readSecret),
          folder: deps.registryFolder,
          log: deps.log,
        });
  const hostId = uuidText(deps.hostId);
  const envelopes = createEnvelopes({
    subjects: { process: new SubjectTemplate(subject), agent: new SubjectTemplate(agentSubject) },
    values: { host: deps.hostname, host_id: hostId },
    agentId: deps.agentId,
    sinkId: deps.sinkId,
    expectedStream: mode === 'jetstream' ? stream : null,
    contentOf:
      deps.view === undefined
        ? createContentOf({ framing, schemas: deps.schemas, hostId, ids, signal: closing.signal })
        : createViewOf(deps.view, hostId),
  });
  const duplicates = new DuplicateLog({ log: deps.log });
  return new NatsSink({
    id: deps.id,
    // Loaded when it is needed: an agent without NATS has no use for a client's memory.
    loadDialer: async () => {
      const { NatsDialer } = await import('./dialer.ts');
      return new NatsDialer(config, { readSecret: deps.readSecret, onDuplicate: () => duplicates.add(), log: deps.log });
    },
    packer: new Packer(envelopes, config.message),
    onClose: async () => {
      closing.abort(new Error('the sink is closed'));
      duplicates.end();
      await ids?.close();
    },
  });
}
