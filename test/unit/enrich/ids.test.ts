import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UNKNOWN_TICKS, startTicksOf } from '../../../src/core/start-ticks.ts';
import { EntityIds } from '../../../src/enrich/entity-id.ts';
import { ExecIds } from '../../../src/enrich/exec-id.ts';
import { UuidSlab } from '../../../src/enrich/uuid-slab.ts';
import { AGENT_ID, BOOT_ID } from './fixtures.ts';

const bitsOf = (id: Buffer) => BigInt(`0x${id.toString('hex')}`);
const field = (id: Buffer, from: number, to: number) => Number((bitsOf(id) >> BigInt(127 - to)) & ((1n << BigInt(to - from + 1)) - 1n));

const pid = fc.integer({ min: 0, max: 2 ** 22 - 1 });
const ticks = fc.maxSafeInteger().map((n) => Math.abs(n) % 2 ** 46);

describe('entity ids', () => {
  const ids = new EntityIds(BOOT_ID, new UuidSlab());

  it('are UUIDs of version 8 and hold boot, pid and start where the layout says', () => {
    const hash = createHash('sha256').update(BOOT_ID).digest().subarray(0, 16);
    fc.assert(
      fc.property(pid, ticks, (p, t) => {
        const id = ids.of(p, t);
        expect([field(id, 48, 51), field(id, 64, 65)]).toEqual([8, 2]);
        expect(field(id, 58, 63) * 2 ** 16 + field(id, 66, 81)).toBe(p);
        expect(field(id, 82, 127)).toBe(t);
        expect(startTicksOf(id)).toBe(t);
        expect(field(id, 0, 47)).toBe(field(hash, 0, 47));
        expect(field(id, 52, 57)).toBe(field(hash, 48, 53));
      }),
    );
  });

  it('stay the same for ever', () => {
    expect(ids.of(4711, 86_568).toString('hex')).toBe('223e0a160af98d808499c00000015228');
  });

  it('differ between boots', () => {
    const other = new EntityIds(Buffer.alloc(16, 1), new UuidSlab());
    expect(other.of(1, 2).equals(ids.of(1, 2))).toBe(false);
  });

  it('mark a start that nobody knows', () => {
    expect(field(ids.of(9, UNKNOWN_TICKS), 82, 127)).toBe(2 ** 46 - 1);
  });

  it('are each their own bytes', () => {
    const many = Array.from({ length: 100 }, (_, n) => ids.of(n, n));
    expect(new Set(many.map((id) => id.toString('hex'))).size).toBe(100);
  });
});

describe('exec ids', () => {
  const entity = new EntityIds(BOOT_ID, new UuidSlab()).of(4711, 86_568);
  const newIds = () => new ExecIds(AGENT_ID, new UuidSlab());

  it('are UUIDs of version 8 made of entity and exec number', () => {
    const input = Buffer.concat([entity, Buffer.from([0, 0, 0, 2])]);
    const expected = createHash('sha256').update(input).digest().subarray(0, 16);
    const id = newIds().ofHeard(entity, 2);
    expect([field(id, 48, 51), field(id, 64, 65)]).toEqual([8, 2]);
    for (const [from, to] of [
      [0, 47],
      [52, 63],
      [66, 127],
    ] as const)
      expect(field(id, from, to)).toBe(field(expected, from, to));
  });

  it('are the same in every run that heard the fork', () => {
    const other = new ExecIds(Buffer.alloc(16, 1), new UuidSlab());
    expect(other.ofHeard(entity, 1)).toEqual(newIds().ofHeard(entity, 1));
  });

  it('never repeat for images of processes that were found', () => {
    const ids = newIds();
    const seen = new Set(Array.from({ length: 50 }, () => ids.ofFound(entity).toString('hex')));
    seen.add(new ExecIds(Buffer.alloc(16, 1), new UuidSlab()).ofFound(entity).toString('hex'));
    for (let n = 1; n < 50; n++) seen.add(ids.ofHeard(entity, n).toString('hex'));
    expect(seen.size).toBe(100);
  });
});
