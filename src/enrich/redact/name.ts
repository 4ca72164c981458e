/**
 * Which names name a secret: of options (`--db-password`), variables (`DB_PASSWORD`), headers (`X-Api-Key`), JSON members, connection string
 * keys. A name that says what kind of thing it is, not that it holds it, is harmless: `password-file`, `token_ttl`, `secretName`. In doubt a
 * name is taken for that of a secret: a word too many masked costs less than one leaked.
 */
import { Stems } from './stems.ts';

export const HARMLESS = 0;
/** `key`, `auth`, `signature`: a secret when the value looks like one, else a path, a column or a method. */
export const DOUBTFUL = 1;
/** A secret in `--pass x` and `--pass=x`, but too common a word for guesses beyond that. */
export const PLAUSIBLE = 2;
export const SECRET = 3;

/** Three characters of each word below, for the filter that goes first (stems.ts). */
export const NAME_STEMS = [
  'pas',
  '-pw',
  '_pw',
  'pw=',
  'pwd',
  'ecr',
  'tok',
  'key',
  'cre',
  'uth',
  'bea',
  'jwt',
  'oki',
  'psk',
  'sig',
  'gna',
] as const;
const STEMS = new Stems({ secret: NAME_STEMS, programs: [] });

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Anywhere in the name, also within a word: `PGPASSWORD`, `clientsecret`. */
const WITHIN = ['password', 'passwd', 'passphrase', 'passcode', 'secret', 'credential', 'authorization'] as const;
/** As a word, or at the end of one: `authtoken`, `dbpwd`. */
const ENDINGS = ['token', 'pwd', 'passkey'] as const;
const WHOLE = words('pw creds cred bearer jwt cookie cookies psk tokens');
/** Words that make a `key` a secret one. */
const KEY_OF = words(
  'api access private priv secret encryption encrypt signing sign master account shared auth license storage app application client ' +
    'consumer service deploy hmac aes webhook psk preshared session root admin authentication activation subscription',
);
const DOUBTFUL_WORDS = words('key keys auth signature sig');
/** What only looks like the ending `pass`. */
const NO_PASS = words(
  'bypass compass trespass surpass overpass underpass encompass multipass onepass singlepass twopass firstpass askpass nopass',
);
/** What only looks like `secret`. */
const NO_SECRET = /secretar(?:y|ies|iat)/g;
/** sudoers: no password is asked for, and what follows are commands. */
const NO_PASSWORD = words('nopasswd nopassword');

/** Last words that say what the value is: not the secret itself. */
const HARMLESS_ENDINGS = words(
  'file files filename path paths dir directory folder ttl timeout expiry expire expires expiration lifetime age max min length len size type ' +
    'types name names url uri endpoint host port id ids provider source src store stores var variable ref reference arn version count limit ' +
    'enabled disabled required optional prompt stdin fd cmd command helper format algorithm alg field column header issuer audience scope ' +
    'scopes mode rotation rotate interval lookup regex pattern policy days hours minutes seconds usage arg args class driver plugin backend reviewer domain jar prompts repeat budget algo encryption',
);
/** First words that make an option a switch, which takes no value. */
const SWITCHES = words(
  'no not without skip disable enable require required ask prompt use check show allow force need needs has is with hide validate verify print',
);
/** `max_tokens`: a number of them. */
const COUNTS = words('max min num number total n count limit context input output prompt completion');

/** Names are short. Of a longer one the end is looked at, where it says what it is. */
const LONGEST = 128;

/** Names come again and again, in one text too; forgotten all at once when there are so many. */
const REMEMBERED = 1024;
const known = new Map<string, number>();

/** [from, to) of `text`. */
export function nameClass(text: string, from: number, to: number): number {
  // With what stands around it, as some words are only known together with that.
  if (STEMS.in(text, Math.max(0, from - 1), Math.min(text.length, to + 1)) === 0) return HARMLESS;
  const name = text.slice(Math.max(from, to - LONGEST), to);
  const before = known.get(name);
  if (before !== undefined) return before;
  if (known.size >= REMEMBERED) known.clear();
  const found = classOf(name);
  // A copy: a part of a text keeps all of it in memory.
  known.set(Buffer.from(name).toString(), found);
  return found;
}

function classOf(name: string): number {
  const split = wordsOf(name);
  const last = split.at(-1);
  if (last === undefined) return HARMLESS;
  const plain = split.join('');
  const named = plainClass(split, plain);
  if (named === HARMLESS || !HARMLESS_ENDINGS.has(last)) return named;
  // The one identifier that is given out like a password: that of a Vault AppRole.
  return plain.endsWith('secretid') ? SECRET : HARMLESS;
}

/** Whether an option of this name is a switch that takes no argument of its own: `--no-password`. */
export function isSwitch(text: string, from: number, to: number): boolean {
  return SWITCHES.has(wordsOf(text.slice(from, Math.min(to, from + LONGEST)))[0] ?? '');
}

function plainClass(split: readonly string[], plain: string): number {
  if (NO_PASSWORD.has(plain)) return HARMLESS;
  const telling = plain.replaceAll(NO_SECRET, '');
  if (WITHIN.some((word) => telling.includes(word))) return SECRET;
  let found = HARMLESS;
  for (let i = 0; i < split.length; i++) found = Math.max(found, wordClass(split, i));
  return found;
}

function wordClass(split: readonly string[], at: number): number {
  const word = split[at] as string;
  const before = split[at - 1] ?? '';
  if (word === 'tokens' && COUNTS.has(split[0] as string)) return HARMLESS;
  if (WHOLE.has(word) || ENDINGS.some((ending) => word.endsWith(ending))) return SECRET;
  if (word === 'key' && before === 'public') return HARMLESS;
  if (word.endsWith('key') && KEY_OF.has(word === 'key' ? before : word.slice(0, -3))) return SECRET;
  if (word.endsWith('pass') && !NO_PASS.has(word)) return PLAUSIBLE;
  return at === split.length - 1 && DOUBTFUL_WORDS.has(word) ? DOUBTFUL : HARMLESS;
}

/**
 * `awsSecretKey`, `AWS_SECRET_KEY`, `aws-secret-key2`: aws, secret, key. What the case separates may be no words at all: `DBMPassWORD`.
 * The first letter of `-HCookie` is an option, not a part of the name.
 */
function wordsOf(name: string): string[] {
  const alone = name.replace(/^-[A-Z](?=[A-Z])/, '');
  const separated = alone.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase();
  return separated.split(/[^a-z]+/).filter((word) => word !== '');
}
