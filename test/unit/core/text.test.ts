import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { escapeText, excerpt } from '../../../src/core/text.ts';

it('leaves ordinary text of any script alone', () => {
  for (const text of ['ls -la /tmp', 'naïve – ¿qué?', '日本語', 'שלום', '👩‍🚀']) expect(escapeText(text)).toBe(text);
});

it('shows what a terminal would obey', () => {
  expect(escapeText('\u001b[31mred\u001b[0m')).toBe('\\x1b[31mred\\x1b[0m');
  expect(escapeText('a\nb\tc\rd\0e\u007f\u009b')).toBe('a\\nb\\tc\\rd\\x00e\\x7f\\x9b');
  expect(escapeText('gnp.\u202eexe\u2066\u200f\u2028')).toBe('gnp.\\u202eexe\\u2066\\u200f\\u2028');
});

it('shows lone surrogates, which are not text', () => {
  expect(escapeText('\ud800 and \udc00')).toBe('\\ud800 and \\udc00');
});

it('never lets a control character through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex
      expect(escapeText(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    }),
  );
});

it('shortens long text and says so', () => {
  expect(excerpt('short', 10)).toBe('short');
  expect(excerpt('x'.repeat(100), 10)).toBe(`${'x'.repeat(9)}…`);
});
