import { AgentError } from '../core/errors.ts';
import type { RecordStream } from '../core/event.ts';
import { escapeText } from '../core/text.ts';
import { fingerprintText } from '../encode/avro/fingerprint.ts';
import { publishedSchema } from '../encode/avro/schemas.ts';
import type { PublishedSchema } from '../encode/avro/schemas.ts';
import type { CliIo } from './io.ts';
import { print } from './print.ts';

export interface SchemaOptions {
  readonly json?: true;
}

const STREAMS: readonly RecordStream[] = ['process', 'agent'];

/** `forkcast schema list`: resolves to the exit code. */
export async function schemaList({ json }: SchemaOptions, io: CliIo): Promise<number> {
  const schemas = STREAMS.map((stream) => {
    const schema = publishedSchema(stream);
    return { name: schema.fullName, version: schema.version, stream, fingerprint: fingerprint(schema) };
  });
  const width = Math.max(...schemas.map(({ name }) => name.length));
  const lines = schemas.map(({ name, version, fingerprint: crc }) => `${name.padEnd(width)}  version ${version}  ${crc}\n`);
  await print(io.stdout, json === true ? `${JSON.stringify({ schemas }, null, 2)}\n` : lines.join(''));
  return 0;
}

/** `forkcast schema show`: the schema, on one line with `--json`, as registries get it. Throws USAGE where there is none of that name. */
export async function schemaShow(name: string, { json }: SchemaOptions, io: CliIo): Promise<number> {
  const stream = STREAMS.find((known) => namesOf(known).includes(name.toLowerCase()));
  if (stream === undefined) {
    const known = STREAMS.map((each) => publishedSchema(each).json.name).join(', ');
    throw new AgentError('USAGE', `there is no schema ${escapeText(name)}`, { fix: `Name one of ${known}.` });
  }
  const schema = publishedSchema(stream);
  await print(io.stdout, `${json === true ? schema.text : JSON.stringify(schema.json, null, 2)}\n`);
  return 0;
}

function namesOf(stream: RecordStream): string[] {
  const { fullName, json } = publishedSchema(stream);
  return [stream, json.name.toLowerCase(), fullName.toLowerCase()];
}

/** CRC-64-AVRO, as in the framing `single_object`, most significant digit first. */
function fingerprint({ json }: PublishedSchema): string {
  return fingerprintText(json);
}
