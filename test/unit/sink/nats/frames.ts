/** A frame of the protocol, taken apart. */
export interface Frame {
  readonly subject: string;
  readonly reply: string;
  readonly headers: string;
  readonly body: Buffer;
}

/** What a server reads of `HPUB` commands. Throws where it would end the connection. */
export function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\r\n', at);
    const [verb, subject = '', ...rest] = bytes.toString('latin1', at, end).split(' ');
    const [headerSize, size] = rest.slice(-2).map(Number);
    if (verb !== 'HPUB' || headerSize === undefined || size === undefined) throw new Error(`no frame at ${at}`);
    const start = end + 2;
    if (bytes.toString('latin1', start + size, start + size + 2) !== '\r\n') throw new Error(`the frame at ${at} has another size`);
    frames.push({
      subject,
      reply: rest.length === 3 ? (rest[0] as string) : '',
      headers: bytes.toString('latin1', start, start + headerSize),
      body: bytes.subarray(start + headerSize, start + size),
    });
    at = start + size + 2;
  }
  return frames;
}

/** The value of a header; undefined where there is none. */
export function headerOf({ headers }: Pick<Frame, 'headers'>, name: string): string | undefined {
  return headers
    .split('\r\n')
    .find((line) => line.startsWith(`${name}: `))
    ?.slice(name.length + 2);
}
