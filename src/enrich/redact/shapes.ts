/** Secrets that are known by their looks, wherever they stand: issuers give them prefixes just for that. */
import type { Scan } from './scan.ts';
import { isSpace, looksRandom } from './value.ts';

const UPPER = 1;
const LOWER = 2;
const DIGIT = 4;
const UNDERSCORE = 8;
const DASH = 16;
const DOT = 32;
const BASE64 = 64;

const ALNUM = UPPER | LOWER | DIGIT;
const URL_SAFE = ALNUM | UNDERSCORE | DASH;

const KINDS = Uint8Array.from({ length: 128 }, (_, code) => kindOf(String.fromCharCode(code)));

function kindOf(character: string): number {
  if (/[A-Z]/.test(character)) return UPPER;
  if (/[a-z]/.test(character)) return LOWER;
  if (/\d/.test(character)) return DIGIT;
  return { _: UNDERSCORE, '-': DASH, '.': DOT, '/': BASE64, '+': BASE64, '=': BASE64, '~': BASE64 }[character] ?? 0;
}

export function isAlphanumeric(code: number): boolean {
  return code < 128 && ((KINDS[code] as number) & ALNUM) !== 0;
}

interface Shape {
  readonly prefix: string;
  /** Three characters of the prefix, for the filter that goes first (stems.ts). */
  readonly stem: string;
  /** Which characters follow the prefix, and how many at least. */
  readonly characters: number;
  readonly least: number;
  /** No more than the least. */
  readonly exact?: boolean;
  /** The prefix alone is too common. */
  readonly random?: boolean;
  /** Parts joined by dots. */
  readonly dotted?: boolean;
}

const aws = (prefix: string, stem: string): Shape => ({ prefix, stem, characters: UPPER | DIGIT, least: 16, exact: true });
const token = (prefix: string, stem: string, least = 16): Shape => ({ prefix, stem, characters: URL_SAFE, least });

/** AWS, GitHub, GitLab, Slack, Google, JWT, then by name of issuer. Least lengths are those of the shortest that were issued. */
const SHAPES: readonly Shape[] = [
  aws('AKIA', 'aki'),
  aws('ASIA', 'sia'),
  aws('ABIA', 'abi'),
  aws('ACCA', 'cca'),
  token('ghp_', 'ghp', 30),
  token('gho_', 'gho', 30),
  token('ghu_', 'ghu', 30),
  token('ghs_', 'ghs', 30),
  token('ghr_', 'ghr', 30),
  token('github_pat_', 'b_p', 22),
  token('glpat-', 'glp'),
  token('gldt-', 'gld'),
  token('glrt-', 'glr'),
  token('glcbt-', 'glc'),
  token('glptt-', 'glp'),
  token('glsoat-', 'gls'),
  token('glsa_', 'gls'),
  token('xoxa-', 'xox', 10),
  token('xoxb-', 'xox', 10),
  token('xoxe-', 'xox', 10),
  token('xoxe.', 'xox', 10),
  token('xoxp-', 'xox', 10),
  token('xoxr-', 'xox', 10),
  token('xoxs-', 'xox', 10),
  token('xapp-', 'xap', 10),
  token('AIza', 'aiz', 35),
  { prefix: 'ya29.', stem: 'ya2', characters: URL_SAFE | DOT, least: 20 },
  token('GOCSPX-', 'ocs', 20),
  { prefix: 'eyJ', stem: 'eyj', characters: URL_SAFE | DOT, least: 17, dotted: true },
  { prefix: 'AGE-SECRET-KEY-1', stem: 'age', characters: UPPER | DIGIT, least: 30 },
  token('dapi', 'dap', 32),
  token('dop_v1_', 'p_v', 40),
  token('doo_v1_', 'o_v', 40),
  token('dor_v1_', 'r_v', 40),
  token('hf_', 'hf_', 30),
  token('hvb.', 'hvb', 20),
  token('hvr.', 'hvr', 20),
  token('hvs.', 'hvs', 20),
  token('lin_api_', 'api', 30),
  token('npm_', 'pm_', 36),
  token('NRAK-', 'rak', 20),
  token('PMAK-', 'mak', 20),
  token('pypi-', 'ypi', 50),
  token('rk_live_', 'rk_'),
  token('rk_test_', 'rk_'),
  { prefix: 'SG.', stem: 'sg.', characters: URL_SAFE | DOT, least: 40 },
  token('shpat_', 'hpa', 30),
  token('shpss_', 'hps', 30),
  { prefix: 'sk-', stem: 'sk-', characters: URL_SAFE, least: 20, random: true },
  token('sk_live_', 'sk_'),
  token('sk_test_', 'sk_'),
  token('sq0atp-', 'sq0', 20),
  token('sq0csp-', 'sq0', 20),
  token('tskey-', 'tsk'),
  token('whsec_', 'whs'),
  token('xkeysib-', 'xke', 30),
];

/** Of what is found by words: the two below. */
export const SHAPE_STEMS: readonly string[] = [...SHAPES.map(({ stem }) => stem), '---', 'bea'];

const BY_FIRST: readonly (readonly Shape[])[] = Array.from({ length: 128 }, (_, code) =>
  SHAPES.filter(({ prefix }) => prefix.charCodeAt(0) === code),
);

/** @param at where a word begins. Returns where to search on: behind what was masked, or `at` where nothing was. */
export function maskShape(scan: Scan, at: number): number {
  const { text, spans } = scan;
  const code = text.charCodeAt(at);
  if (code === 0x42 || code === 0x62) return maskBearer(scan, at);
  if (code >= 128) return at;
  for (const shape of BY_FIRST[code] as readonly Shape[]) {
    if (!text.startsWith(shape.prefix, at)) continue;
    const end = shapeEnd(scan, at, shape);
    if (end < 0) continue;
    spans.add(text, at, end);
    return end;
  }
  return at;
}

/** How much of a token whose prefix is common is looked at before it is believed. */
const RANDOM_WINDOW = 64;

function shapeEnd(scan: Scan, at: number, shape: Shape): number {
  const { text, truncated } = scan;
  const start = at + shape.prefix.length;
  if (shape.random === true && !looksRandom(text, at, runEnd(text, start, { characters: shape.characters, limit: at + RANDOM_WINDOW })))
    return -1;
  if (shape.dotted === true && at < scan.undottedUntil) return -1;
  const end = runEnd(text, start, { characters: shape.characters, limit: text.length });
  if (truncated && end === text.length && end > start) return end;
  if (end - start < shape.least || (shape.exact === true && (end - start !== shape.least || isAlphanumeric(text.charCodeAt(end)))))
    return -1;
  if (shape.dotted === true && !text.slice(start, end - 1).includes('.')) {
    scan.undottedUntil = end;
    return -1;
  }
  return end;
}

function runEnd(text: string, from: number, run: { readonly characters: number; readonly limit: number }): number {
  const to = Math.min(run.limit, text.length);
  let at = from;
  for (; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code >= 128 || ((KINDS[code] as number) & run.characters) === 0) break;
  }
  return at;
}

const SHORTEST_BEARER = 8;

/** `Bearer x` where no header's name stands before it. */
function maskBearer({ text, spans }: Scan, at: number): number {
  const word = at + 6;
  if (!isSpace(text.charCodeAt(word)) || text.slice(at, word).toLowerCase() !== 'bearer') return at;
  const end = runEnd(text, word + 1, { characters: URL_SAFE | DOT | BASE64, limit: text.length });
  if (end - word - 1 < SHORTEST_BEARER) return at;
  spans.add(text, word + 1, end);
  return end;
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';
const LONGEST_TITLE = 40;

/** A private key in PEM; without its end all that follows. @param at of a dash. */
export function maskPem({ text, spans }: Scan, at: number): number {
  if (!text.startsWith(BEGIN, at)) return at;
  const title = text.slice(at + BEGIN.length, at + BEGIN.length + LONGEST_TITLE);
  const dashes = title.indexOf(DASHES);
  if (!title.includes('PRIVATE KEY') || title.indexOf('PRIVATE KEY') > (dashes < 0 ? LONGEST_TITLE : dashes)) return at;
  const start = dashes < 0 ? at + BEGIN.length : at + BEGIN.length + dashes + DASHES.length;
  const end = text.indexOf('-----END', start);
  const to = end < 0 ? text.length : end;
  spans.add(text, start, to);
  return to;
}
