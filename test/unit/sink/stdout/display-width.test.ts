import { describe, expect, it } from 'vitest';
import { fitColumns, wrapColumns } from '../../../../src/sink/stdout/display-width.ts';

const RED = '\u001b[31m';
const OFF = '\u001b[0m';

describe('fitColumns', () => {
  it.each([
    ['plain text', 10, 'plain text'],
    ['plain text', 9, 'plain te…'],
    ['plain text', 1, '…'],
    ['', 5, ''],
    ['漢字', 4, '漢字'],
    ['漢字', 3, '漢…'],
    ['漢字漢字', 4, '漢…'],
    ['한국어 text', 11, '한국어 text'],
    ['ﾃｽﾄ', 3, 'ﾃｽﾄ'],
    ['ｗｉｄｅ', 7, 'ｗｉｄ…'],
    ['e\u0301e\u0301e\u0301', 3, 'e\u0301e\u0301e\u0301'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['🦀🦀', 4, '🦀🦀'],
    ['🦀🦀', 3, '🦀…'],
    ['❤\ufe0f!', 3, '❤\ufe0f!'],
    ['𠮷野家', 5, '𠮷野…'],
    [`${RED}alarm${OFF}`, 5, `${RED}alarm${OFF}`],
    [`${RED}alarm${OFF}`, 4, `${RED}ala…${OFF}`],
    [`a${RED}b${OFF}c`, 2, `a${RED}…${OFF}`],
  ])('%j within %i', (text, columns, expected) => {
    expect(fitColumns(text, columns)).toBe(expected);
  });
});

describe('wrapColumns', () => {
  it.each([
    ['plain text', 10, ['plain text']],
    ['plain text', 9, ['plain', '  text']],
    ['plain text', 5, ['plain', '  tex', '  t']],
    ['', 5, ['']],
    ['0123456789ab', 6, ['012345', '  6789', '  ab']],
    ['漢字漢字', 5, ['漢字', '  漢', '  字']],
    ['漢字', 1, ['漢', '字']],
    ['a b', 1, ['a', 'b']],
    [`${RED}alarm${OFF} of it`, 8, [`${RED}alarm${OFF} of`, '  it']],
  ])('%j within %i', (text, columns, expected) => {
    expect(wrapColumns(text, columns)).toEqual(expected);
  });
});
