import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { uuidText } from '../../../src/core/uuid.ts';
import type { Report, RunReport } from '../../../src/verify/report.ts';
import { END_US, MadeWorld } from './made-world.ts';
import { id, verdictOn } from './made-runs.ts';
import type { Delivered } from './made-runs.ts';

/** Numbers that look random and are the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled(all: readonly Delivered[], random: () => number): Delivered[] {
  return all
    .map((one) => [random(), one] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, one]) => one);
}

/** Where the last STOP of all found a full queue, nothing tells that the run ended. */
const isSilent = ({ runs }: Report): boolean => runs.some(({ state }) => state === 'silent');
const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const keyOf = ({ agent_id: run, sink_id: sink }: RunReport): string => `${run} ${sink}`;
const idsOf = (key: string): string => {
  const [run = 0, sink = 0] = key.split(' ').map(Number);
  return `${uuidText(id(1, run))} ${uuidText(id(3, sink))}`;
};

it('raises no alarm whatever happens to the sinks, as long as it is declared', () => {
  fc.assert(
    fc.property(seeds, fc.boolean(), (seed, inOrder) => {
      const random = randomOf(seed);
      const world = new MadeWorld(random);
      const report = verdictOn(inOrder ? world.arrived : shuffled(world.arrived, random), END_US);
      expect(
        report.runs.flatMap(({ findings, agent_id, sink_id }) => findings.map(({ text }) => `${agent_id} ${sink_id}: ${text}`)),
      ).toEqual([]);
      expect([report.proven, report.unaccounted]).toEqual([!isSilent(report), 0]);
    }),
    { numRuns: 500 },
  );
});

it('finds every event that is lost and not declared, and counts no other', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 6 }), (seed, losses) => {
      const random = randomOf(seed);
      const world = new MadeWorld(random);
      const due = [...world.truths].flatMap(([key, truth]) => (truth.isVague ? [] : [...truth.due].map((sequence) => ({ key, sequence }))));
      const lost = Array.from({ length: losses }, () => due[Math.floor(random() * due.length)]).filter((one) => one !== undefined);
      const gone = new Set(lost.map(({ key, sequence }) => `${idsOf(key)} ${sequence}`));
      const left = world.arrived.filter(
        ({ record, sink }) => !gone.has(`${uuidText(record.agentId)} ${uuidText(id(3, sink))} ${record.sequence}`),
      );
      const report = verdictOn(shuffled(left, random), END_US);
      const expected: Record<string, number> = {};
      for (const one of gone) {
        const key = one.split(' ').slice(0, 2).join(' ');
        expected[key] = (expected[key] ?? 0) + 1;
      }
      const found = Object.fromEntries(
        report.runs.filter(({ unaccounted }) => unaccounted > 0).map((run) => [keyOf(run), run.unaccounted]),
      );
      expect(found).toEqual(expected);
      expect(report.proven).toBe(gone.size === 0 && !isSilent(report));
    }),
    { numRuns: 500 },
  );
});
