import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SubjectTemplate } from '../../../../src/sink/nats/subject-template.ts';

const values = { host: 'web-1', host_id: '01970000-0000-7000-8000-00000000000a' };
const subjectOf = (text: string, host = 'web-1', kind = 'EXEC'): string =>
  new SubjectTemplate(text).subjectFor({ kind }, { ...values, host });

describe('the subject of events', () => {
  test('says host, id and kind where it is asked to', () => {
    expect(subjectOf('forkcast.{host}.process.{kind}')).toBe('forkcast.web-1.process.exec');
    expect(subjectOf('a.x-{host_id}-{kind}.b')).toBe(`a.x-${values.host_id}-exec.b`);
    expect(subjectOf('events')).toBe('events');
  });

  test.each([
    ['web.example.org', 'web_example_org'],
    ['web 1', 'web_1'],
    ['*', '_'],
    ['>', '_'],
    ['a\r\nPUB x 0\r\n', 'a__PUB_x_0__'],
    ['a\tb\0c', 'a_b_c'],
    ['', '_'],
    ['.', '_'],
    ['ä€😀', '____'],
    ['$SYS', '_SYS'],
    ['x'.repeat(300), 'x'.repeat(64)],
  ])('has nothing in a token that a host called %j chose', (host, token) => {
    expect(subjectOf('f.{host}.p', host)).toBe(`f.${token}.p`);
  });

  test('has the tokens of its template, the first as it is written, whatever a host is called', () => {
    const template = new SubjectTemplate('forkcast.{host}.process.{kind}');
    const legal = /^forkcast\.[A-Za-z0-9_-]{1,64}\.process\.exec$/;
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('.', '*', '>', ' ', '\r', '\n', 'a') })),
        (host) => {
          expect(template.subjectFor({ kind: 'EXEC' }, { ...values, host })).toMatch(legal);
        },
      ),
    );
  });

  test('depends on the kind where it says it', () => {
    expect(['f.{kind}', 'f.{host}', 'f.kind'].map((text) => new SubjectTemplate(text).dependsOnKind)).toEqual([true, false, false]);
  });

  test('is one of those that its wildcard stands for', () => {
    expect(new SubjectTemplate('forkcast.{host}.process.{kind}').wildcard).toBe('forkcast.*.process.*');
    expect(new SubjectTemplate('a.x-{host}-y.b').wildcard).toBe('a.*.b');
    expect(new SubjectTemplate('a.b').wildcard).toBe('a.b');
    expect(new SubjectTemplate('a.b').root).toBe('a');
  });

  test('has agent in place of its last token process for what the agent says', () => {
    const ofAgent = (text: string) => new SubjectTemplate(text).ofAgent;
    expect(ofAgent('forkcast.{host}.process.{kind}')).toBe('forkcast.{host}.agent.{kind}');
    expect(ofAgent('process.{host}.process')).toBe('process.{host}.agent');
    expect(ofAgent('process')).toBe('agent');
    expect([ofAgent('events.{host}'), ofAgent('a.processes')]).toEqual([undefined, undefined]);
  });

  test.each([
    ['f.{host}.process', 'f.{host}.agent', false],
    ['f.{host}', 'f.agent', true],
    ['f.{host}.a', 'f.b.{kind}', true],
    ['f.x', 'f.x', true],
    ['f.x', 'f.x.y', false],
    ['f.{host}', 'g.{host}', false],
    ['f.a{host}', 'f.b', true],
  ])('meets another: %s and %s: %s', (one, other, meets) => {
    const [a, b] = [new SubjectTemplate(one), new SubjectTemplate(other)];
    expect([a.meets(b), b.meets(a)]).toEqual([meets, meets]);
  });

  test.each([
    ['', /is empty/],
    ['{host}.process', /must begin with a literal token/],
    ['a{host}.process', /must begin with a literal token/],
    ['f.{pid}', /\{pid\}, which stands for nothing/],
    ['f.{}', /which stands for nothing/],
    ['f.{host', /characters that are not allowed/],
    ['f.*', /characters that are not allowed/],
    ['f.>', /characters that are not allowed/],
    ['$JS.API', /characters that are not allowed/],
    ['f b', /characters that are not allowed/],
    ['f\r\nx', /characters that are not allowed/],
    ['f..x', /a token that is empty/],
    ['.f', /a token that is empty/],
    ['f.', /a token that is empty/],
    ['x'.repeat(201), /longer than 200/],
  ])('is refused as %j', (text, reason) => {
    expect(() => new SubjectTemplate(text)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(reason) as string,
        fix: expect.any(String) as string,
      }),
    );
  });
});
