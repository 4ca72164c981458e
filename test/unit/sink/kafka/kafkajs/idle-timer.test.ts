import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { quietIdleConnections } from '../../../../../src/sink/kafka/kafkajs/idle-timer.ts';

interface Queue {
  push(request: object): void;
  fulfillRequest(answer: object): void;
  scheduleRequestTimeoutCheck(): void;
  maybeThrottle(ms: number): void;
  destroy(): void;
}

const REQUEST_TIMEOUT_MS = 1000;
const logger = { debug: () => undefined, warn: () => undefined };

/** The queue of a connection, which is connected, and what becomes of its requests. */
class Connection {
  isConnected = true;
  sent = 0;
  readonly outcomes: string[] = [];
  readonly queue: Queue;

  constructor({ maxInFlightRequests = 5 } = {}) {
    const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (options: object) => Queue;
    this.queue = new RequestQueue({
      maxInFlightRequests,
      requestTimeout: REQUEST_TIMEOUT_MS,
      enforceRequestTimeout: true,
      clientId: 'test',
      broker: 'nobody',
      logger,
      isConnected: () => this.isConnected,
    });
    this.queue.scheduleRequestTimeoutCheck();
  }

  ask(correlationId: number): void {
    const say = (outcome: string): void => void this.outcomes.push(`${correlationId} ${outcome}`);
    const entry = { correlationId, apiName: 'Any', resolve: () => say('answered'), reject: ({ name }: Error) => say(name) };
    this.queue.push({ entry, expectResponse: true, sendRequest: () => (this.sent += 1) });
  }

  answer(correlationId: number): void {
    this.queue.fulfillRequest({ correlationId, payload: {}, size: 1 });
  }
}

describe('connections of kafkajs', () => {
  beforeEach(() => {
    quietIdleConnections();
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('have no timer while nothing is on its way', () => {
    const connection = new Connection();
    expect(vi.getTimerCount()).toBe(0);
    connection.ask(1);
    expect(vi.getTimerCount()).toBe(1);
    connection.answer(1);
    vi.advanceTimersByTime(200);
    expect(vi.getTimerCount()).toBe(0);
    expect(connection.outcomes).toEqual(['1 answered']);
  });

  it('give up what is not answered, the first time and later', () => {
    const connection = new Connection();
    for (const id of [1, 2]) {
      connection.ask(id);
      vi.advanceTimersByTime(REQUEST_TIMEOUT_MS - 100);
      expect(connection.outcomes).toHaveLength(id - 1);
      vi.advanceTimersByTime(300);
      expect(connection.outcomes).toHaveLength(id);
      expect(vi.getTimerCount()).toBe(0);
    }
    expect(connection.outcomes).toEqual(['1 KafkaJSRequestTimeoutError', '2 KafkaJSRequestTimeoutError']);
  });

  it('send what waits when another is given up, and watch over it, too', () => {
    const connection = new Connection({ maxInFlightRequests: 1 });
    connection.ask(1);
    connection.ask(2);
    expect(connection.sent).toBe(1);
    vi.advanceTimersByTime(REQUEST_TIMEOUT_MS + 200);
    expect([connection.sent, connection.outcomes]).toEqual([2, ['1 KafkaJSRequestTimeoutError']]);
    vi.advanceTimersByTime(REQUEST_TIMEOUT_MS + 200);
    expect(connection.outcomes).toEqual(['1 KafkaJSRequestTimeoutError', '2 KafkaJSRequestTimeoutError']);
  });

  it('keep the pause that a broker asks for, and send afterwards', () => {
    const connection = new Connection();
    connection.queue.maybeThrottle(500);
    connection.ask(1);
    expect(connection.sent).toBe(0);
    vi.advanceTimersByTime(600);
    expect(connection.sent).toBe(1);
  });

  it('that are gone have no timer, and watch again when they are back', () => {
    const connection = new Connection();
    connection.ask(1);
    connection.isConnected = false;
    connection.queue.destroy();
    expect(vi.getTimerCount()).toBe(0);
    connection.isConnected = true;
    connection.queue.scheduleRequestTimeoutCheck();
    connection.ask(2);
    vi.advanceTimersByTime(REQUEST_TIMEOUT_MS + 200);
    expect(connection.outcomes).toContain('2 KafkaJSRequestTimeoutError');
  });
});
