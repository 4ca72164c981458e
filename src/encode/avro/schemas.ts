import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AgentError } from '../../core/errors.ts';
import type { RecordStream } from '../../core/event.ts';

/** A record schema as parsed JSON; only what is read here is typed. */
export interface RecordSchema {
  readonly name: string;
  readonly namespace: string;
  readonly fields: readonly FieldSchema[];
}
export interface FieldSchema {
  readonly name: string;
  readonly type: unknown;
  readonly doc?: string;
}

export interface PublishedSchema {
  readonly stream: RecordStream;
  /** `forkcast.v1.ProcessEvent`. */
  readonly fullName: string;
  /** Of the name's namespace: 1 in `forkcast.v1`. */
  readonly version: number;
  /** One line of JSON, documentation included: what files carry and registries get. */
  readonly text: string;
  readonly json: RecordSchema;
}

const VERSION = 1;
const FILES: Record<RecordStream, string> = { process: `ProcessEvent.v${VERSION}.avsc`, agent: `AgentEvent.v${VERSION}.avsc` };

/** `schemas/` of the package: three levels up from this file in `src/` and in `dist/`. */
const folder = new URL('../../../schemas/', import.meta.url);

const loaded = new Map<RecordStream, PublishedSchema>();

/** The newest published schema of a stream. Throws FILE_NOT_FOUND when the package is incomplete. */
export function publishedSchema(stream: RecordStream): PublishedSchema {
  let schema = loaded.get(stream);
  if (schema === undefined) {
    schema = load(stream);
    loaded.set(stream, schema);
  }
  return schema;
}

function load(stream: RecordStream): PublishedSchema {
  const path = fileURLToPath(new URL(FILES[stream], folder));
  let json: RecordSchema;
  try {
    json = JSON.parse(readFileSync(path, 'utf8')) as RecordSchema;
  } catch (cause) {
    throw new AgentError('FILE_NOT_FOUND', `cannot read the schema ${path}: ${(cause as Error).message}`, {
      cause,
      context: { path },
      fix: 'Install forkcast again: its schemas folder is part of the package.',
    });
  }
  return { stream, fullName: `${json.namespace}.${json.name}`, version: VERSION, text: JSON.stringify(json), json };
}
