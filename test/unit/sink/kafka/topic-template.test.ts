import { describe, expect, test } from 'vitest';
import { TopicTemplate } from '../../../../src/sink/kafka/topic-template.ts';

const values = { host_id: '01970000-0000-7000-8000-00000000000a', hostname: 'web 1/ä' };

describe('the name of a topic', () => {
  test('is what is written', () => {
    expect(new TopicTemplate('process-events').nameFor({ kind: 'EXEC' }, values)).toBe('process-events');
  });

  test('has the kind of the event where it is asked for', () => {
    const template = new TopicTemplate('events.{kind}');
    expect(template.dependsOnKind).toBe(true);
    expect(template.nameFor({ kind: 'EXEC' }, values)).toBe('events.exec');
    expect(new TopicTemplate('events.{host_id}').dependsOnKind).toBe(false);
  });

  test('has nothing in it that a host chose and Kafka does not allow', () => {
    expect(new TopicTemplate('fleet-{hostname}-{kind}').nameFor({ kind: 'FORK' }, values)).toBe('fleet-web_1__-fork');
    expect(new TopicTemplate('a-{hostname}').nameFor({ kind: 'FORK' }, { ...values, hostname: 'x'.repeat(300) }).length).toBe(249);
  });

  test('is known again among others', () => {
    const template = new TopicTemplate('a.{hostname}-{kind}');
    expect([template.isFixed, new TopicTemplate('a.b').isFixed]).toEqual([false, true]);
    const names = ['a.web-exec', 'a.web-1-fork', 'axweb-exec', 'a.-exec', 'b.a.web-exec', 'a.web'];
    expect(names.filter((name) => template.matches(name))).toEqual(['a.web-exec', 'a.web-1-fork']);
  });

  test.each([
    ['{kind}', /must begin with a literal part/],
    ['', /is empty/],
    ['a{pid}', /\{pid\}, which stands for nothing/],
    ['a b', /characters that are not allowed/],
    ['a{kind', /characters that are not allowed/],
    ['..', /no name for a topic/],
    ['x'.repeat(250), /longer than 249/],
  ])('is refused as %s', (text, reason) => {
    expect(() => new TopicTemplate(text)).toThrow(reason);
  });
});
