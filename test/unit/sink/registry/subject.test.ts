import { expect, it } from 'vitest';
import { SUBJECT_STRATEGIES, needsTwoTopics, subjectOf } from '../../../../src/sink/registry/subject.ts';

const record = { topic: 'events', fullName: 'forkcast.v1.ProcessEvent' };

it('names subjects as the strategies of Confluent do', () => {
  expect(SUBJECT_STRATEGIES.map((strategy) => subjectOf(strategy, record))).toEqual([
    'events-value',
    'forkcast.v1.ProcessEvent',
    'events-forkcast.v1.ProcessEvent',
  ]);
});

it('keeps two records of one topic apart by their names only', () => {
  const agent = { ...record, fullName: 'forkcast.v1.AgentEvent' };
  for (const strategy of SUBJECT_STRATEGIES)
    expect(subjectOf(strategy, record) === subjectOf(strategy, agent)).toBe(needsTwoTopics(strategy));
});
