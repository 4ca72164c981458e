import { describe, expect, test } from 'vitest';
import { ServerPool } from '../../../../src/sink/nats/server-pool.ts';
import { addressText } from '../../../../src/sink/nats/servers-setting.ts';

const server = (host: string, encrypted = false) => ({ host, port: 4222, encrypted });
const names = (pool: ServerPool): string[] => pool.inTurn().map(addressText);

/** The numbers of this list, again and again. */
function drawing(...numbers: number[]): () => number {
  let at = 0;
  return () => numbers[at++ % numbers.length] as number;
}

describe('the servers of a cluster', () => {
  test('are tried in an order of chance, those of the configuration before those that were told of', () => {
    const pool = new ServerPool([server('a'), server('b')], drawing(0.9, 0.1));
    expect(names(pool)).toEqual(['b:4222', 'a:4222']);
    pool.learn(['c:4222', 'd:4223'], server('a'));
    expect(names(pool)).toEqual(['b:4222', 'a:4222', 'd:4223', 'c:4222']);
  });

  test('are each there once, and what was said last is what is known', () => {
    const pool = new ServerPool([server('a')], () => 0.5);
    pool.learn(['a:4222', 'b:4222', 'no address', '[::1]:5'], server('a'));
    expect(names(pool)).toEqual(['a:4222', 'b:4222', '[::1]:5']);
    pool.learn(['c:4222'], server('b'));
    expect(names(pool)).toEqual(['a:4222', 'c:4222']);
    pool.learn([], server('c'));
    expect(names(pool)).toEqual(['a:4222']);
  });

  test('are reached as the one that told of them, by the name in its certificate', () => {
    const pool = new ServerPool([server('a', true)], () => 0.5);
    pool.learn(['10.0.0.2:4222'], server('a', true));
    expect(pool.inTurn()[1]).toEqual({ host: '10.0.0.2', port: 4222, encrypted: true, tlsName: 'a' });
    pool.learn(['10.0.0.3:4222'], pool.inTurn()[1] as ReturnType<typeof server>);
    expect(pool.inTurn()[1]).toMatchObject({ host: '10.0.0.3', tlsName: 'a' });
  });

  test('are remembered up to a bound', () => {
    const pool = new ServerPool([server('a')]);
    pool.learn(
      Array.from({ length: 1000 }, (_, i) => `h${i}:4222`),
      server('a'),
    );
    expect(pool.inTurn().length).toBe(65);
  });
});
