import { expect, test } from 'vitest';
import type { DeliveryState } from '../../../../src/core/delivery-state.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import { Circuit } from '../../../../src/pipeline/delivery/circuit.ts';
import { FakeTime } from './fake-time.ts';

const busy = new AgentError('FILE_IO', 'busy');
const soon = { holds: false, waitMs: 100 };
const later = { holds: true, waitMs: 60_000 };

function setUp(): { time: FakeTime; circuit: Circuit; changes: string[]; last: () => DeliveryState } {
  const time = new FakeTime();
  const states: DeliveryState[] = [];
  const changes: string[] = [];
  const circuit = new Circuit(time, (state) => {
    changes.push(state.circuit);
    states.push(state);
  });
  return { time, circuit, changes, last: () => states.at(-1) as DeliveryState };
}

test('one change is told, however often a write fails; the state counts them', () => {
  const { time, circuit, changes, last } = setUp();
  const write = {};
  const startUs = time.nowUs();
  for (let i = 0; i < 5; i += 1) {
    circuit.failed(write, busy, soon);
    time.pass(100);
  }
  expect(changes).toEqual(['retrying']);
  expect(last()).toMatchObject({ attempts: 1, lastError: busy, sinceUs: startUs, nextTryUs: startUs + 100_000 });
  expect(circuit.state).toMatchObject({ circuit: 'retrying', sinceUs: startUs, attempts: 5, nextTryUs: startUs + 500_000 });
});

test('it closes with the success after an outage, and forgets it', () => {
  const { time, circuit, changes } = setUp();
  const write = {};
  circuit.failed(write, busy, soon);
  time.pass(5000);
  circuit.worked(write);
  expect(changes).toEqual(['retrying', 'closed']);
  expect(circuit.state).toEqual({ circuit: 'closed', sinceUs: time.nowUs(), attempts: 0, lastError: null, nextTryUs: null });
});

test('a sink that fails now and then changes its state once, not with every write', () => {
  const { time, circuit, changes } = setUp();
  for (let i = 0; i < 50; i += 1) {
    const write = {};
    circuit.failed(write, busy, soon);
    time.pass(100);
    circuit.worked(write);
  }
  expect(changes).toEqual(['retrying']);
  expect(circuit.state.circuit).toBe('retrying');
  time.pass(1000);
  expect(changes).toEqual(['retrying', 'closed']);
});

test('a sink that is up and down for long is told ever more seldom, and as soon as ever after a time of peace', () => {
  const { time, circuit, changes } = setUp();
  const failAndWork = (): void => {
    const write = {};
    circuit.failed(write, busy, soon);
    circuit.worked(write);
  };
  for (let second = 0; second < 600; second += 2) {
    failAndWork();
    time.pass(2000);
  }
  expect(changes).toEqual(['retrying', 'closed', 'retrying', 'closed', 'retrying']);
  time.pass(200_000);
  expect(changes.splice(0)).toHaveLength(6);
  failAndWork();
  time.pass(1000);
  expect(changes).toEqual(['retrying', 'closed']);
});

test('nothing is left running when there is no write any more', () => {
  const { time, circuit } = setUp();
  const write = {};
  circuit.failed(write, busy, soon);
  circuit.worked(write);
  circuit.end();
  expect(time.timers).toBe(0);
});

test('it stays open while any write fails, whatever the others do', () => {
  const { time, circuit, changes } = setUp();
  const stuck = {};
  circuit.failed(stuck, busy, soon);
  time.pass(5000);
  circuit.worked({});
  expect(changes).toEqual(['retrying']);
  circuit.worked(stuck);
  expect(changes).toEqual(['retrying', 'closed']);
});

test('one write that waits for a person makes it hold; when that one is through, the others decide', () => {
  const { circuit, changes } = setUp();
  const [held, other] = [{}, {}];
  circuit.failed(other, busy, soon);
  circuit.failed(held, new AgentError('SINK_REFUSED', 'no'), later);
  circuit.failed(other, busy, soon);
  expect(changes).toEqual(['retrying', 'holding']);
  circuit.worked(held);
  circuit.failed(other, busy, soon);
  expect(changes).toEqual(['retrying', 'holding', 'retrying']);
});

test('what else somebody has to put right is told, each once', () => {
  const { circuit, changes, last } = setUp();
  const [one, other] = [{}, {}];
  const refused = (fix: string): AgentError => new AgentError('SINK_REFUSED', 'no', { fix });
  for (let i = 0; i < 3; i += 1) {
    circuit.failed(one, refused('correct the password'), later);
    circuit.failed(other, refused('create the topic'), later);
  }
  expect(changes).toEqual(['holding', 'holding']);
  expect(last().lastError?.fix).toBe('create the topic');
  circuit.worked(one);
  circuit.worked(other);
  circuit.end();
  circuit.failed(one, refused('create the topic'), later);
  expect(changes).toEqual(['holding', 'holding', 'closed', 'holding']);
});

test('what is being tried is not what is tried next', () => {
  const { time, circuit, last } = setUp();
  circuit.failed({}, busy, soon);
  time.pass(200);
  circuit.failed({}, new AgentError('SINK_REFUSED', 'no'), later);
  expect(last().nextTryUs).toBe(time.nowUs() + 60_000_000);
});

test('a sink that always has something else to be put right is told of only so often', () => {
  const { circuit, changes } = setUp();
  for (let i = 0; i < 1000; i += 1) circuit.failed({}, new AgentError('SINK_REFUSED', `no topic ${i}`), later);
  expect(changes.length).toBeLessThan(20);
});

test('at the end of all writes it is closed if the last of them worked, and as it was if not', () => {
  const { circuit, changes } = setUp();
  const write = {};
  circuit.failed(write, busy, soon);
  circuit.worked(write);
  circuit.end();
  expect(changes).toEqual(['retrying', 'closed']);
  circuit.failed(write, busy, soon);
  circuit.gaveUp(write);
  circuit.end();
  expect(circuit.state.circuit).toBe('retrying');
});

test('what follows a sink that failed tells that it works, with its first success', () => {
  const { circuit: before } = setUp();
  before.failed({}, busy, soon);
  const { circuit, changes } = setUp();
  circuit.continue(before.state);
  expect(circuit.state).toMatchObject({ circuit: 'retrying', attempts: 1, lastError: busy });
  circuit.worked({});
  expect(changes).toEqual(['closed']);
});
