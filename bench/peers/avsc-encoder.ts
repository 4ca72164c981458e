import avsc from 'avsc';
import type { AnyEvent } from '../../src/core/any-event.ts';
import type { Encoder } from '../../src/core/component.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import { publishedSchema } from '../../src/encode/avro/schemas.ts';

const SLAB_BYTES = 256 * 1024;

/** Process events by avsc alone, the quickest way that it has: into a shared buffer. */
export function createAvscEncoder(): Encoder<AnyEvent> {
  const type = avsc.Type.forSchema(publishedSchema('process').json as never);
  let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  let used = 0;
  const encode = ({ stream, event }: AnyEvent): Encoded => {
    let end = type.encode(event, slab, used);
    if (end < 0) {
      slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      used = 0;
      end = type.encode(event, slab, 0);
    }
    const bytes = new Uint8Array(slab.buffer, used, end - used);
    used = end;
    return { stream, kind: event.kind, sequence: event.sequence ?? 0, timeUs: event.time, bytes };
  };
  return { encode };
}
