import { describe, expect, it } from 'vitest';
import type { ProcessEvent } from '../../../../src/core/event.ts';
import { uuidBytes } from '../../../../src/core/uuid.ts';
import { commonProcessId, cpidOf } from '../../../../src/encode/ocsf/cpid.ts';
import { EntityIds } from '../../../../src/enrich/entity-id.ts';
import { UNKNOWN_TICKS } from '../../../../src/core/start-ticks.ts';
import { UuidSlab } from '../../../../src/enrich/uuid-slab.ts';
import { execEvent } from '../samples.ts';

const BOOT = uuidBytes('2899dae4-4fa4-4eef-95b6-6bc95325f61a');
const VECTOR = 'b770a0ed-8463-822c-b5f6-30d9081ddbd9';
const ids = new EntityIds(BOOT, new UuidSlab());

function execOf(process: Partial<ProcessEvent['process']>, more: Partial<ProcessEvent> = {}): ProcessEvent {
  return {
    ...execEvent,
    host: { ...execEvent.host, boot_id: BOOT },
    ...more,
    process: { ...execEvent.process, entity_id: ids.of(39_174, 55_558), ...process },
  };
}

describe('the common process id', () => {
  it('is that of the example in its specification', () => {
    expect(commonProcessId({ bootId: BOOT, pidNamespace: 4_026_532_263, startTicks: 55_558, pid: 29 })).toBe(VECTOR);
  });

  it('is made of what an event says: the boot, the namespace, the pid there, and the start within the entity id', () => {
    expect(cpidOf(execOf({ pid: 39_174, ns_pid: 29, pid_ns: 4_026_532_263 }))).toEqual({ text: VECTOR, isApproximate: false });
  });

  it('is the same for an inode beyond 32 bits as the bytes say', () => {
    const one = commonProcessId({ bootId: BOOT, pidNamespace: 2 ** 32 + 5, startTicks: 1, pid: 2 });
    const other = commonProcessId({ bootId: BOOT, pidNamespace: 5, startTicks: 1, pid: 2 });
    expect(one).not.toBe(other);
  });

  it('says so where the start was concluded from the time of the fork, or the namespace from there being none', () => {
    const derived = { ...execEvent.provenance, identity: 'DERIVED' as const };
    expect(cpidOf(execOf({ ns_pid: 29, pid_ns: 4_026_532_263 }, { provenance: derived }))?.isApproximate).toBe(true);
    expect(cpidOf(execOf({ ns_pid: null, pid_ns: null }))?.isApproximate).toBe(true);
  });

  it('is not guessed where the start, or a part of the namespace, is not known', () => {
    expect(cpidOf(execOf({ entity_id: ids.of(1, UNKNOWN_TICKS) }))).toBeUndefined();
    expect(cpidOf(execOf({ ns_pid: 29, pid_ns: null }))).toBeUndefined();
    expect(cpidOf(execOf({ ns_pid: null, pid_ns: 4_026_532_263 }))).toBeUndefined();
    expect(cpidOf({ ...execOf({}), kind: 'EXIT' })).toBeUndefined();
  });

  it('is not guessed for a process of a container whose namespace nobody read', () => {
    const container = {
      id: 'c',
      runtime: null,
      name: null,
      image: null,
      image_id: null,
      pod_uid: null,
      pod_name: null,
      namespace: null,
      labels: null,
    };
    expect(cpidOf(execOf({}, { container }))).toBeUndefined();
  });
});
