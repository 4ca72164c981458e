import { expect, test } from 'vitest';
import { CounterLog } from '../../../../src/sink/kafka/counter-log.ts';

function log(): { counted: CounterLog; lines: object[]; clock: { nowMs: number } } {
  const lines: object[] = [];
  const clock = { nowMs: 5 };
  const add = (fields: object): void => void lines.push(fields);
  return { counted: new CounterLog({ log: { info: add, warn: add }, now: () => clock.nowMs }), lines, clock };
}

test('tells of the first at once, of the others once a minute, and of the rest at the end', () => {
  const { counted, lines, clock } = log();
  counted.tell({ possibleDuplicates: 0, retimed: 0 });
  counted.tell({ possibleDuplicates: 3, retimed: 0 });
  clock.nowMs += 59_999;
  counted.tell({ possibleDuplicates: 5, retimed: 1 });
  expect(lines).toEqual([{ possible_duplicates: 3 }]);
  clock.nowMs += 1;
  counted.tell({ possibleDuplicates: 6, retimed: 1 });
  expect(lines.slice(1)).toEqual([{ possible_duplicates: 3 }, { retimed: 1 }]);
  counted.tell({ possibleDuplicates: 7, retimed: 1 });
  counted.tell({ possibleDuplicates: 7, retimed: 1 }, true);
  counted.tell({ possibleDuplicates: 7, retimed: 1 }, true);
  expect(lines.slice(3)).toEqual([{ possible_duplicates: 1 }]);
});
