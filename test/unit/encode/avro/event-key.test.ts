import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uuidText } from '../../../../src/core/uuid.ts';
import { createAvroEncoder } from '../../../../src/encode/avro/binary.ts';
import { createKeyReader } from '../../../../src/encode/avro/event-key.ts';
import { processEvents } from '../arbitraries.ts';
import { fullAgentEvent } from '../full-samples.ts';
import { asAgent, asProcess } from '../samples.ts';

const encoder = createAvroEncoder();
const entityOf = createKeyReader('entity_id');
const containerOf = createKeyReader('container');

describe('the key of an event', () => {
  it('is the id of its process, or of its container, as its bytes have it', () => {
    fc.assert(
      fc.property(processEvents, (event) => {
        const encoded = encoder.encode(asProcess(event));
        expect(String(entityOf(encoded))).toBe(uuidText(event.process.entity_id));
        expect(containerOf(encoded)?.toString()).toBe(event.container?.id);
      }),
      { numRuns: 300 },
    );
  });

  it('is not there for what the agent says about itself', () => {
    const encoded = encoder.encode(asAgent(fullAgentEvent));
    expect([entityOf(encoded), containerOf(encoded)]).toEqual([undefined, undefined]);
  });
});
