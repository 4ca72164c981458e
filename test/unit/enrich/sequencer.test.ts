import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../../src/core/agent-event.ts';
import { createSequencer } from '../../../src/enrich/sequencer.ts';
import { agentEventOf, allOf, fork, loss, newEnricher } from './fixtures.ts';

describe('sequencer', () => {
  it('numbers both streams densely from 1 and stamps the run', () => {
    const agentId = Buffer.alloc(16, 5);
    const sequencer = createSequencer(agentId);
    const enricher = newEnricher();
    const made = allOf(enricher, fork(1, 1, 10), loss(), fork(2, 1, 11));
    expect(made.map((event) => event.event.sequence)).toEqual([0, 0, 0]);
    for (const event of made) expect(sequencer.stamp(event)).toBe(event);
    expect(made.map((event) => event.event.sequence)).toEqual([1, 2, 3]);
    expect(made.every((event) => event.event.agent_id === agentId)).toBe(true);
    expect(sequencer.last).toBe(3);
  });

  it('gives a checkpoint no number', () => {
    const sequencer = createSequencer(Buffer.alloc(16));
    const checkpoint: AgentEvent = { ...agentEventOf(newEnricher(), loss()), kind: 'CHECKPOINT' };
    sequencer.stamp({ stream: 'agent', event: checkpoint });
    expect([checkpoint.sequence, sequencer.last]).toEqual([null, 0]);
  });
});
