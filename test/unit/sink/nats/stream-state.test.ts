import type { StreamInfo } from '@nats-io/jetstream';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matches, whyUnheard } from '../../../../src/sink/nats/stream-state.ts';

const wanted = { name: 'S', subjects: ['f.*.process', 'f.*.agent'] };
const there = (config: object, more: object = {}) => ({ kind: 'there', info: { config, ...more } as unknown as StreamInfo }) as const;

describe('why nobody takes a subject', () => {
  test('is that there is no stream: the command that creates it', () => {
    expect(whyUnheard({ kind: 'missing' }, 'f.h.process', wanted)).toMatchObject({
      code: 'SINK_REFUSED',
      message: 'there is no stream S',
      fix: expect.stringContaining("nats stream add S --subjects='f.*.process,f.*.agent'") as string,
    });
  });

  test('is that there is no JetStream', () => {
    expect(whyUnheard({ kind: 'disabled' }, 'f.h.process', wanted)).toMatchObject({
      code: 'SINK_REFUSED',
      fix: expect.stringContaining('mode: core') as string,
    });
  });

  test('is that the stream takes other subjects', () => {
    expect(whyUnheard(there({ subjects: ['f.*.agent', 'g.>'] }), 'f.h.process', wanted)).toMatchObject({
      code: 'SINK_REFUSED',
      message: 'the stream S takes f.*.agent, g.>, and not f.h.process',
      fix: expect.stringContaining("nats stream edit S --subjects='f.*.agent,g.>,") as string,
    });
    expect(whyUnheard(there({}), 'f.h.process', wanted).code).toBe('SINK_REFUSED');
  });

  test('passes where the stream has no leader, or had none a moment ago', () => {
    expect(whyUnheard(there({ subjects: ['f.>'] }, { cluster: {} }), 'f.h.process', wanted)).toMatchObject({
      code: 'SINK_UNREACHABLE',
      message: expect.stringContaining('no leader') as string,
    });
    expect(whyUnheard(there({ subjects: ['f.>'] }, { cluster: { leader: 'n1' } }), 'f.h.process', wanted).code).toBe('SINK_UNREACHABLE');
    expect(whyUnheard(there({ subjects: ['f.>'] }), 'f.h.process', wanted).code).toBe('SINK_UNREACHABLE');
  });

  test('is not known where nobody may ask, or answers', () => {
    const error = whyUnheard({ kind: 'unknown', error: new Error('time\u001bout') }, 'f.h.process', wanted);
    expect(error).toMatchObject({
      code: 'SINK_UNREACHABLE',
      fix: 'Check that the stream S is there, and takes f.*.process and f.*.agent.',
    });
    expect(error.message).toContain('time\\x1bout');
  });
});

describe('a pattern of subjects', () => {
  const token = fc.constantFrom('a', 'b', 'ab', '$x');
  const patterns = fc.tuple(fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 4 }), fc.boolean());

  test('stands for what a regular expression does', () => {
    fc.assert(
      fc.property(patterns, fc.array(token, { minLength: 1, maxLength: 5 }), ([tokens, more], subject) => {
        const pattern = [...tokens, ...(more ? ['>'] : [])].join('.');
        const text = pattern.replaceAll('$', '\\$').replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace(/>$/, '.+');
        expect(matches(pattern, subject.join('.'))).toBe(new RegExp(`^${text}$`).test(subject.join('.')));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['>', 'a', true],
    ['>', 'a.b', true],
    ['a.>', 'a', false],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
  ])('%s stands for %s: %s', (pattern, subject, does) => {
    expect(matches(pattern, subject)).toBe(does);
  });
});
