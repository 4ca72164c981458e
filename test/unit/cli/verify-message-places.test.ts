import { describe, expect, test } from 'vitest';
import { MessagePlaces } from '../../../src/cli/verify-message-places.ts';
import { uuidBytes } from '../../../src/core/uuid.ts';

const [ONE, TWO] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
const [RUN, OTHER] = ['11111111-0000-4000-8000-000000000001', '11111111-0000-4000-8000-000000000002'];
const of = (run: string) => ({ agentId: uuidBytes(run) });

describe('the place of a message', () => {
  test('is the sink that its id names, the same one for each', () => {
    const places = new MessagePlaces('stream');
    const first = places.of(`${ONE}/${RUN}/1`, of(RUN));
    expect(first).toEqual({ place: ONE, sink: uuidBytes(ONE), partition: 'stream' });
    expect(places.of(`${TWO}/${RUN}/1`, of(RUN))).toEqual({ place: TWO, sink: uuidBytes(TWO), partition: 'stream' });
    for (const id of ['2', '3-9', '3-9/0123456789abcdef', 'checkpoint-0123456789abcdef'])
      expect(places.of(`${ONE}/${RUN}/${id}`, of(RUN))).toBe(first);
    expect(places.of(`${ONE}/${OTHER}/1`, of(OTHER))).toBe(first);
  });

  test('of a copy is that of its run', () => {
    const places = new MessagePlaces('stream');
    const first = places.of(`${ONE}/${RUN}/1`, of(RUN));
    for (const id of [undefined, '', 'copy', `${ONE}/`, `${ONE}/${OTHER}/1`]) expect(places.of(id, of(RUN))).toBe(first);
  });

  test('is one for all that say nothing', () => {
    const places = new MessagePlaces('stream');
    expect(places.of(undefined, of(RUN))).toEqual({ place: 'jetstream', sink: null, partition: 'stream' });
    expect(places.of('x', of(OTHER))).toBe(places.of(undefined, of(RUN)));
  });
});
