import type { Encoder } from '../../core/component.ts';
import type { AnyEvent } from '../../core/any-event.ts';

const NEWLINE = Buffer.from('\n');

/** The same records, each ended as a line. */
export function asLines(encoder: Encoder<AnyEvent>): Encoder<AnyEvent> {
  return {
    encode(event) {
      const encoded = encoder.encode(event);
      return { ...encoded, bytes: Buffer.concat([encoded.bytes, NEWLINE]) };
    },
  };
}
