import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MARK } from '../../../../src/enrich/redact/mark.ts';
import { createRedactor } from '../../../../src/enrich/redact/redactor.ts';

const redactor = createRedactor({ defaults: true, patterns: [] }, null);
const FACTS = { exe: null, truncated: false };

const characters = (set: string, least = 10): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...Array.from(set)), { minLength: least, maxLength: 24 }).map((all) => all.join(''));
const ALNUM = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789';
/** All that can be typed, but for the dashes of an option at the beginning. */
const any = characters(`${ALNUM} !"#$%&'()*+,-./:;<=>?@[\\]^_{|}~\u00e9\u4e2d`).filter(
  (text) => !text.startsWith('-') && text.trim() === text,
);
const unspaced = characters(`${ALNUM}!#$%()*+,-./:;<=>?@[]^_{|}~\u00e9`).filter((text) => !text.startsWith('-'));
const plain = characters(`${ALNUM}_~!*-`).filter((text) => !text.startsWith('-'));

const name = fc.constantFrom(
  'password',
  'db-password',
  'passwd',
  'token',
  'auth-token',
  'api-key',
  'apiKey',
  'client_secret',
  'secretKey',
  'passphrase',
);
const variable = fc.constantFrom(
  'PASSWORD',
  'PGPASSWORD',
  'DB_PASS',
  'API_KEY',
  'GITHUB_TOKEN',
  'AWS_SECRET_ACCESS_KEY',
  'CLIENT_SECRET',
  'MYSQL_PWD',
);

/** A command line with a secret in it, and which of its arguments holds it. */
interface Case {
  readonly args: readonly string[];
  readonly at: number;
  readonly secret: string;
}
const made = (
  secret: fc.Arbitrary<string>,
  make: (secret: string, name: string, variable: string) => readonly string[],
  at: number,
): fc.Arbitrary<Case> =>
  fc.tuple(secret, name, variable).map(([text, option, env]) => ({ args: make(text, option, env), at, secret: text }));

const commands: fc.Arbitrary<Case> = fc.oneof(
  made(any, (s, n) => ['app', `--${n}`, s, 'x'], 2),
  made(any, (s, n) => ['app', `--${n}=${s}`, 'x'], 1),
  made(any, (s, _n, v) => ['app', '-e', `${v}=${s}`, 'x'], 2),
  made(any, (s, _n, v) => ['app', `--env=${v}=${s}`, 'x'], 1),
  made(any, (s) => ['mysql', '-uroot', `-p${s}`, 'db'], 2),
  made(any, (s) => ['sshpass', '-p', s, 'ssh', 'host'], 2),
  made(any, (s) => ['docker', 'login', '-u', 'bob', '-p', s], 5),
  made(any, (s) => ['mongosh', '-p', s, 'db'], 2),
  made(any, (s) => ['redis-cli', '-a', s], 2),
  made(any, (s) => ['curl', '-sSu', `bob:${s}`, 'https://example.com'], 2),
  made(any, (s) => ['curl', '-H', `Authorization: Bearer ${s}`, 'https://example.com'], 2),
  made(any, (s) => ['curl', '-H', `X-Api-Key: ${s}`, 'https://example.com'], 2),
  made(any, (s, n) => ['curl', '-d', JSON.stringify({ user: 'bob', [n]: s, last: 1 }), 'https://example.com'], 2),
  made(plain, (s, n) => ['curl', '-d', `user=bob&${n}=${s}&last=1`, 'https://example.com'], 2),
  made(plain, (s, n) => ['curl', `https://example.com/?a=1&${n}=${s}#top`], 1),
  made(plain, (s) => ['app', `postgres://bob:${s}@db:5432/app`], 1),
  made(plain, (s) => ['app', `--url=https://:${s}@example.com/x`], 1),
  made(unspaced, (s, n) => ['app', `host=db user=bob ${n}=${s} port=1`], 1),
  made(
    any.filter((s) => !s.includes(',')),
    (s) => ['mount', '-o', `user=bob,password=${s},vers=3`],
    2,
  ),
  made(characters(ALNUM), (s) => ['app', `xoxb-${s}`], 1),
  made(plain, (s) => ['app', `-----BEGIN PRIVATE KEY-----\n${s}\n-----END PRIVATE KEY-----`], 1),
);

const wrapped: fc.Arbitrary<Case> = fc
  .tuple(
    commands,
    fc.constantFrom([], ['sudo', '-n'], ['env', 'A=b'], ['timeout', '5'], ['docker', 'exec', '-it', 'box'], ['nice', '-n', '5', 'ionice']),
  )
  .map(([{ args, at, secret }, before]) => ({ args: [...before, ...args], at: at + before.length, secret }));

const quoted = (argument: string): string => (/^[\w./:@=-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`);
const scripts: fc.Arbitrary<Case> = fc
  .tuple(
    wrapped,
    fc.constantFrom(['sh', '-c'], ['bash', '-lc'], ['ssh', 'host'], ['su', '-c'], ['watch']),
    fc.constantFrom('', 'cd /x && ', 'a | '),
  )
  .map(([{ args, secret }, shell, before]) => ({ args: [...shell, before + args.map(quoted).join(' ')], at: shell.length, secret }));

/** Whether so much of the secret is left that it would help to guess it. */
function leaks(output: string, secret: string): boolean {
  // The bracket of a mark is not the secret's.
  const left = output.replaceAll(MARK, '\0');
  for (let i = 0; i + 5 <= secret.length; i++) if (left.includes(secret.slice(i, i + 5))) return true;
  return false;
}

/** What the command line says without a secret: of that, nothing is a leak. */
function isGuessable({ args, at, secret }: Case): boolean {
  return leaks([...args.slice(0, at), (args[at] as string).replace(secret, ''), ...args.slice(at + 1)].join(' '), secret);
}

const told = { numRuns: 3000 };

describe('a secret', () => {
  it.each([
    ['in an argument', wrapped],
    ['in a text that a shell reads', scripts],
  ])('%s is masked, in text and in bytes, and nothing else is', (_where, cases) => {
    fc.assert(
      fc.property(cases, (one) => {
        fc.pre(!isGuessable(one));
        const raw = Buffer.concat([Buffer.from(`${one.args.join('\0')}\0`), Buffer.of(0xff, 0)]);
        const text = redactor.argv(one.args, null, FACTS);
        const both = redactor.argv(one.args, raw, FACTS);
        expect(text?.args.some((argument) => leaks(argument, one.secret))).toBe(false);
        expect(leaks(both?.raw?.toString() ?? one.secret, one.secret)).toBe(false);
        expect(text?.args.filter((_argument, index) => index !== one.at)).toEqual(one.args.filter((_argument, index) => index !== one.at));
      }),
      told,
    );
  });

  it('that was masked stays as it is', () => {
    fc.assert(
      fc.property(fc.oneof(wrapped, scripts), ({ args }) => {
        const once = redactor.argv(args, null, FACTS)?.args ?? args;
        expect(redactor.argv(once, null, FACTS)?.args ?? once).toEqual(once);
      }),
      told,
    );
  });
});

it('arguments that name no secret are the same array', () => {
  const harmless = fc.array(fc.oneof(characters('abdfg -', 1), fc.constantFrom('-p', '--port', '8080', 'a=b', '-x=1', '/usr/bin', 'x:y')), {
    minLength: 1,
  });
  fc.assert(fc.property(harmless, (args) => redactor.argv(['run', ...args], null, FACTS) === null));
});

it('no text whatever makes it fail, and masking again changes nothing', () => {
  const pieces = `password=|token:|"|'|\\| |://|@|mysql -p|--key |eyJ|[redacted]|=|,|&|{|a|\n|$X|-----BEGIN PRIVATE KEY|;|x`;
  const piece = fc.constantFrom(...pieces.split('|'));
  fc.assert(
    fc.property(
      fc.array(
        fc.array(piece, { maxLength: 12 }).map((all) => all.join('')),
        { maxLength: 4 },
      ),
      fc.boolean(),
      (args, truncated) => {
        const facts = { exe: null, truncated };
        const once = redactor.argv(args, null, facts)?.args ?? args;
        expect(once).toHaveLength(args.length);
        expect(redactor.argv(once, null, facts)?.args ?? once).toEqual(once);
      },
    ),
    told,
  );
});
