const NEWLINE = 0x0a;

/** A line that was longer than allowed. */
export const TOO_LONG = Symbol('too long');

/** Lines of a stream of bytes, however it is cut; one longer than `maxBytes` is passed over and told of. An unfinished last line is none. */
export async function* boundedLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string | typeof TOO_LONG> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      bytes += end - from;
      if (bytes > maxBytes) yield TOO_LONG;
      else yield Buffer.concat([...parts, chunk.subarray(from, end)]).toString('utf8');
      parts = [];
      bytes = 0;
      from = end + 1;
    }
    bytes += chunk.length - from;
    // What is too long already need not be kept.
    if (bytes > maxBytes) parts = [];
    else if (from < chunk.length) parts.push(chunk.subarray(from));
  }
}
