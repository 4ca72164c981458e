import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEcsEncoder } from '../../../../src/encode/ecs/ecs.ts';
import { createOcsfEncoder } from '../../../../src/encode/ocsf/ocsf.ts';
import { OCSF_VERSIONS } from '../../../../src/core/record-formats.ts';
import { ecsViolations } from '../../../helpers/ecs-validator.ts';
import { ocsfViolations } from '../../../helpers/ocsf-validator.ts';
import { isObject, parseStrictly } from '../../../helpers/strict-json.ts';
import { fullAgentEvent, fullProcessEvent } from '../full-samples.ts';
import { asAgent, asProcess, execEvent, exitEvent, forkEvent } from '../samples.ts';

/** Proves the judges: a record that is wrong in one place is called wrong. */
type Json = Record<string, unknown>;
interface Leaf {
  readonly within: Json;
  readonly name: string;
}

const EVENTS = [asProcess(fullProcessEvent), asProcess(forkEvent), asProcess(execEvent), asProcess(exitEvent), asAgent(fullAgentEvent)];
const ecsRecords = EVENTS.map((event) => parseStrictly(createEcsEncoder().encode(event).bytes));
const VERSIONED = OCSF_VERSIONS.flatMap((version) =>
  EVENTS.map((event) => ({ version, record: parseStrictly(createOcsfEncoder({ version }).encode(event).bytes) })),
);
/** What is ours has no fixed members. */
const FREE = new Set(['forkcast', 'labels', 'unmapped']);

function members(value: unknown): Leaf[] {
  if (Array.isArray(value)) return value.flatMap(members);
  if (!isObject(value)) return [];
  return Object.keys(value).flatMap((name) => (FREE.has(name) ? [] : [{ within: value, name }, ...members(value[name])]));
}

/** A copy with one member, chosen by `pick`, changed. */
function mutated(record: Json, pick: number, change: (leaf: Leaf) => void): Json {
  const copy = structuredClone(record);
  const all = members(copy);
  change(all[pick % all.length] as Leaf);
  return copy;
}

const pick = fc.nat(100_000);
const ecs = fc.constantFrom(...ecsRecords);
const ocsf = fc.constantFrom(...VERSIONED);
const misspell = ({ within, name }: Leaf): void => {
  within[`${name}x`] = within[name];
  delete within[name];
};
const replaceBy =
  (value: unknown) =>
  ({ within, name }: Leaf): void => {
    within[name] = value;
  };
/** No field is a list of numbers. */
const WRONG = [[1.5]];

describe('the judge of ECS', () => {
  it('calls the records as they are right', () => {
    for (const record of ecsRecords) expect(ecsViolations(record)).toEqual([]);
  });

  it('sees every name that is misspelt and every value of another type', () => {
    fc.assert(
      fc.property(ecs, pick, fc.constantFrom(misspell, replaceBy(WRONG), replaceBy(null)), (record, at, change) => {
        expect(ecsViolations(mutated(record, at, change))).not.toEqual([]);
      }),
    );
  });

  it.each([
    ['a required field that is missing', (r: Json) => delete r['@timestamp'], '@timestamp is missing'],
    ['a kind that is none', (r: Json) => ((r['event'] as Json)['kind'] = 'events'), 'event.kind must not be events'],
    [
      'a type that its category does not have',
      (r: Json) => ((r['event'] as Json)['type'] = ['deletion']),
      'event.type deletion is not of process',
    ],
    ['a label that is no text', (r: Json) => ((r['labels'] as Json)['n'] = 1), 'labels is no object'],
    ['a name with a dot', (r: Json) => (r['a.b'] = 'x'), 'a.b: not a name of one step'],
    ['a null of ours', (r: Json) => ((r['forkcast'] as Json)['cpu'] = null), 'forkcast.cpu is null'],
  ])('sees %s', (_, change, message) => {
    const record = structuredClone(ecsRecords[0] as Json);
    change(record);
    expect(ecsViolations(record)).toContain(message);
  });
});

describe('the judge of OCSF', () => {
  it('calls the records as they are right', () => {
    for (const { version, record } of VERSIONED) expect(ocsfViolations(record, version)).toEqual([]);
  });

  it('sees every name that is misspelt and every value of another type', () => {
    fc.assert(
      fc.property(ocsf, pick, fc.constantFrom(misspell, replaceBy(WRONG), replaceBy(null)), ({ version, record }, at, change) => {
        expect(ocsfViolations(mutated(record, at, change), version)).not.toEqual([]);
      }),
    );
  });

  it('sees every required attribute that is missing', () => {
    const required = [
      'activity_id',
      'category_uid',
      'class_uid',
      'type_uid',
      'time',
      'severity_id',
      'metadata',
      'actor',
      'device',
      'process',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...VERSIONED.filter(({ record }) => record['class_uid'] === 1007)),
        fc.constantFrom(...required),
        (of, name) => {
          const { [name]: _, ...rest } = of.record;
          expect(ocsfViolations(rest, of.version)).not.toEqual([]);
        },
      ),
    );
  });

  const newest = (): Json => structuredClone(VERSIONED.find(({ version }) => version === '1.8.0')?.record as Json);
  it.each([
    ['an id that is none', (r: Json) => (r['activity_id'] = 7), 'activity_id must not be 7'],
    ['the name of another activity', (r: Json) => (r['activity_name'] = 'Terminate'), 'activity_name is not Launch'],
    ['the type of another activity', (r: Json) => (r['type_uid'] = 100_702), 'type_uid is not that of class and activity'],
    [
      'an object with none of what it needs one of',
      (r: Json) => (r['actor'] = {}),
      'actor. has none of process, user, invoked_by, session, app_name, app_uid',
    ],
    [
      'a profile that is not listed',
      (r: Json) => ((r['metadata'] as Json)['profiles'] = ['host', 'container']),
      'process.euid is of the profile linux/linux_users',
    ],
    [
      'a profile that the class does not have',
      (r: Json) => ((r['metadata'] as Json)['profiles'] = ['cloud']),
      'the class knows no profile cloud',
    ],
    ['a file without a name', (r: Json) => delete ((r['process'] as Json)['file'] as Json)['name'], 'process.file.name is missing'],
  ])('sees %s', (_, change, message) => {
    const record = newest();
    change(record);
    expect(ocsfViolations(record, '1.8.0')).toContain(message);
  });

  it('knows what came when', () => {
    expect(ocsfViolations(newest(), '1.6.0')).toContain('launch_type_id is no attribute of 1.6.0');
    expect(ocsfViolations(newest(), '1.4.0')).toContain('process.cpid is no attribute of 1.4.0');
  });
});
