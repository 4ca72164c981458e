import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../../../src/core/any-event.ts';
import { createEcsEncoder } from '../../../../src/encode/ecs/ecs.ts';
import { createOcsfEncoder } from '../../../../src/encode/ocsf/ocsf.ts';
import { OCSF_VERSIONS } from '../../../../src/core/record-formats.ts';
import { ecsViolations } from '../../../helpers/ecs-validator.ts';
import { ocsfViolations } from '../../../helpers/ocsf-validator.ts';
import { parseStrictly } from '../../../helpers/strict-json.ts';
import { agentEvents, processEvents } from '../arbitraries.ts';
import { asAgent, asProcess } from '../samples.ts';

const ecs = createEcsEncoder();
const ocsf = OCSF_VERSIONS.map((version) => ({ version, encoder: createOcsfEncoder({ version }) }));

const any: fc.Arbitrary<AnyEvent> = fc.oneof(
  { arbitrary: processEvents.map(asProcess), weight: 4 },
  { arbitrary: agentEvents.map(asAgent), weight: 1 },
);
const RUNS = 10_000;
const PATIENCE_MS = 300_000;

describe('10,000 events of every kind and shape', () => {
  it(
    'are valid in both views, in every version, and an index can keep all of them',
    () => {
      const types = new FieldTypes();
      const kinds = new Set<string>();
      fc.assert(
        fc.property(any, (event) => {
          kinds.add(`${event.stream} ${event.event.kind}`);
          const record = parseStrictly(ecs.encode(event).bytes);
          expect([...ecsViolations(record), ...types.conflicts(record)]).toEqual([]);
          for (const { version, encoder } of ocsf) {
            expect(ocsfViolations(parseStrictly(encoder.encode(event).bytes), version).map((text) => `${version}: ${text}`)).toEqual([]);
          }
        }),
        { numRuns: RUNS },
      );
      // 11 kinds of processes, 9 of the agent.
      expect(kinds.size).toBe(20);
    },
    PATIENCE_MS,
  );
});

/** An index takes a field for what it was first: what is an object there must never be a text here. */
class FieldTypes {
  readonly #types = new Map<string, string>();

  conflicts(value: unknown, path = ''): string[] {
    if (Array.isArray(value)) return value.flatMap((item) => this.conflicts(item, path));
    const type = typeof value;
    const known = this.#types.get(path) ?? type;
    this.#types.set(path, known);
    if (known !== type) return [`${path} is ${type} and was ${known}`];
    if (type !== 'object' || /(^|\.)labels$/.test(path)) return [];
    return Object.entries(value as Record<string, unknown>).flatMap(([name, item]) => this.conflicts(item, `${path}.${name}`));
  }
}
