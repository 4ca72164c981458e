import type { AgentError } from '../../../../src/core/errors.ts';
import { LineSink } from '../../../../src/sink/stdout/line-sink.ts';

/** Run by `line-sink.test.ts` as a process of its own: writes lines until nobody reads them, then says so on stderr. */
const sink = new LineSink('out', process.stdout);
const never = new AbortController().signal;
await sink.open(never);
for (let number = 1; !sink.gone; number += 1) {
  const writing = sink.write(
    { items: [{ stream: 'process', kind: 'EXEC', sequence: number, timeUs: 0, bytes: Buffer.from(`line ${number}\n`) }], bytes: 10 },
    never,
  );
  await writing.catch((error: unknown) => process.stderr.write(`${(error as AgentError).code}\n`));
}
await sink.close();
process.stderr.write('gone\n');
