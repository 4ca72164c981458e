import type { RecordStream } from '../../core/event.ts';
import type { SecretReference } from '../../core/secret-reference.ts';
import { RegistryClient } from '../registry/client.ts';
import type { RegistryConfig } from '../registry/config.ts';
import { SchemaIds } from '../registry/schema-ids.ts';
import type { RegistryLog } from '../registry/schema-ids.ts';
import { createContentOf, createViewOf } from './contents.ts';
import type { ContentOf, ContentOptions } from './contents.ts';

/** What a sink is made with that its records' contents follow from. */
export interface ContentDeps extends Pick<ContentOptions, 'schemas'> {
  /** Where records are JSON: the name of the schema that they go by. */
  readonly view: Readonly<Record<RecordStream, string>> | undefined;
  readonly readSecret: (reference: SecretReference) => Buffer;
  /** Where ids of schemas are kept. */
  readonly registryFolder: string;
  readonly log: RegistryLog;
}

export interface SinkContents {
  readonly contentOf: ContentOf;
  /** Whoever waits for a schema's id waits in vain from now on. */
  close(): Promise<void>;
}

interface ContentConfig extends Pick<ContentOptions, 'framing'> {
  readonly registry?: RegistryConfig;
}

/** Reads nothing but ids of schemas that are kept. */
export function createSinkContents({ framing, registry }: ContentConfig, deps: ContentDeps, hostId: string): SinkContents {
  const { view, schemas, readSecret, registryFolder: folder, log } = deps;
  const closing = new AbortController();
  const ids =
    registry === undefined ? undefined : new SchemaIds({ config: registry, client: new RegistryClient(registry, readSecret), folder, log });
  return {
    contentOf: view === undefined ? createContentOf({ framing, schemas, hostId, ids, signal: closing.signal }) : createViewOf(view, hostId),
    close: async () => {
      closing.abort(new Error('the sink is closed'));
      await ids?.close();
    },
  };
}
