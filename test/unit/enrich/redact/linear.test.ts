import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../../src/enrich/redact/redactor.ts';

const redactor = createRedactor({ defaults: true, patterns: [] }, null);
const FACTS = { exe: null, truncated: false };

/** What any rule could be made to look at again and again, repeated. */
const HOSTILE = [
  ...['a', '=', '"', "'", '\\', '-', ' ', ':', '/', '[redacted]', '\\"', '\' "', '" \'', '("', 'a \'b" ', '[{"', ' ; '],
  ...[
    'key=',
    'password=',
    'a=',
    'token:',
    'key="',
    "key:'",
    'password="',
    'password=\\',
    'password= ',
    'token=id=',
    'token=$',
    '&token=id=',
    ',token=a;',
    'PWD=/',
  ],
  ...['eyJ', 'eyJa-', 'eyJa.', 'sk-a-', 'ghp_', 'AKIA', 'Bearer ', '-----BEGIN ', '-----BEGIN PRIVATE KEY'],
  ...['://', 'a://b:c/', 'a://b@', '://a:b', '://hooks.slack.com/services/'],
  ...['--key ', '--password ', '--password=', '-p ', 'mysql -p', '$(mysql -p', 'sh -c "', "sh -c '", 'curl -u a:'],
];

/** The least of a few runs, in milliseconds: what disturbs a run makes it longer, never shorter. */
function cost(text: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run++) {
    const since = performance.now();
    redactor.argv(['sh', '-c', text], null, FACTS);
    redactor.argv([text], null, FACTS);
    least = Math.min(least, performance.now() - since);
  }
  return least;
}

describe('time in proportion to the length', () => {
  const LENGTH = 1 << 14;
  it.each(HOSTILE)('of %j again and again', (piece) => {
    const short = piece.repeat(LENGTH / piece.length);
    const long = piece.repeat((8 * LENGTH) / piece.length);
    cost(short);
    // Eight times as long: in proportion eight times as much, squared sixty-four times.
    expect(cost(long)).toBeLessThan(28 * cost(short) + 10);
  });

  it('of two million bytes in one argument, or in as many as there can be', () => {
    const size = 2 << 20;
    expect(redactor.argv(['app', 'a'.repeat(size)], null, FACTS)).toBeNull();
    const many = Array.from({ length: size / 16 }, (_, i) => (i % 1000 === 0 ? '--password=hunter' : 'harmless-argument'));
    expect(redactor.argv(['app', ...many], null, FACTS)?.count).toBe(Math.ceil(many.length / 1000));
  });
});
