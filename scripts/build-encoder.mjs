import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { encoderSource } from './encoder/encoder-source.mjs';

/*
 * Writes the TypeScript that encodes events straight into a buffer, from the published schemas. The result is kept in the repository.
 *
 *   node scripts/build-encoder.mjs           writes it
 *   node scripts/build-encoder.mjs --check   fails (1) unless what is there is what would be written
 */
const ROOT = resolve(import.meta.dirname, '..');

const ENCODERS = [
  { schema: 'schemas/ProcessEvent.v1.avsc', module: 'event.ts', target: 'process-encoder.ts', exported: 'processFunctions' },
  { schema: 'schemas/AgentEvent.v1.avsc', module: 'agent-event.ts', target: 'agent-encoder.ts', exported: 'agentFunctions' },
];

const isCheck = process.argv[2] === '--check';
for (const { schema, module, target, exported } of ENCODERS) {
  const path = resolve(ROOT, 'src/encode/avro/generated', target);
  const source = encoderSource(JSON.parse(readFileSync(resolve(ROOT, schema), 'utf8')), { path: schema, module, exported });
  if (!isCheck) writeFileSync(path, source);
  else if (readFileSync(path, 'utf8') !== source) {
    process.stderr.write(`${target} is not what ${schema} makes: run node scripts/build-encoder.mjs\n`);
    process.exitCode = 1;
  }
}
