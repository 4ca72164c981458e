/** How a secret stands in the argument that holds it. */
import type { SpanSink } from './spans.ts';
import { isLocator, isPath, isSetting, looksRandom } from './value.ts';

/** The value of an option that takes none of its own argument. */
export const NOTHING = 0;
/** All of it, by what the program says of its options. */
export const WHOLE = 1;
/** All of it, by the name of the option alone: `--password none` holds none. */
export const NAMED = 2;
/** The same, or where it is found: `--secret id=npm,src=x`. */
export const LOCATED = 3;
/** All of it where it looks like a secret: `--key x`. */
export const RANDOM = 4;
/** `user:password`; of `token:` the user is the secret. Without a colon there is none: the program asks for it. */
export const USER_PASSWORD = 5;
/** `user:password`, or a token alone. */
export const TOKEN_OR_USER_PASSWORD = 6;
/** `file:password`. */
export const FILE_PASSWORD = 7;
/** `user%password`. */
export const USER_PERCENT_PASSWORD = 8;
/** `user,password`. */
export const USER_COMMA_PASSWORD = 9;
/** `user/password@database`. */
export const USER_SLASH_PASSWORD = 10;
/** `user:password@host` without a scheme. */
export const USER_PASSWORD_AT_HOST = 11;
/** `pass:password`; what begins otherwise says where the password is. */
export const PASS_PREFIX = 12;
/** `name=value`, whatever the name. */
export const ASSIGNED = 13;
/** Cookies, or the name of a file with them. */
export const COOKIES = 14;
/** No secret: what the option takes is something else. */
export const OTHER = 15;
/** `user:password`, or all of it where it looks like a secret; else a method: `--auth x`. */
export const AUTH = 16;
export type Form = number;

/** [from, to) of a text: an argument, or a part of one. */
export interface Part {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly spans: SpanSink;
}

export function maskForm(form: Form, word: Part): void {
  const { text, to, spans } = word;
  const from = secretStart(form, word);
  if (from === NONE) return;
  if (form === USER_PASSWORD && from === to) spans.add(text, word.from, to - 1);
  else spans.add(text, from, form === USER_SLASH_PASSWORD || form === USER_PASSWORD_AT_HOST ? beforeHost(word, from) : to);
}

const NONE = -1;

function secretStart(form: Form, word: Part): number {
  const { text, from, to } = word;
  switch (form) {
    case WHOLE:
      return from;
    case NAMED:
    case LOCATED:
      return isSetting(text, from, to) || (form === LOCATED && isLocator(text, from)) ? NONE : from;
    case AUTH:
      return authStart(word);
    case RANDOM:
      return looksRandom(text, from, to) ? from : NONE;
    case USER_PASSWORD:
    case FILE_PASSWORD:
      return behind(word, ':');
    case TOKEN_OR_USER_PASSWORD:
      return Math.max(behind(word, ':'), from);
    case USER_PERCENT_PASSWORD:
      return behind(word, '%');
    case USER_COMMA_PASSWORD:
      return behind(word, ',');
    case PASS_PREFIX:
      return text.startsWith('pass:', from) ? from + 5 : NONE;
    case ASSIGNED:
      return behind(word, '=');
    case COOKIES:
      return behind(word, '=') === NONE ? NONE : from;
    case USER_SLASH_PASSWORD:
      return '/.@'.includes(text.charAt(from)) ? NONE : behind(word, '/');
    case USER_PASSWORD_AT_HOST:
      return credentialsStart(word);
    default:
      return NONE;
  }
}

function authStart(word: Part): number {
  const { text, from, to } = word;
  const colon = behind(word, ':');
  if (colon === NONE) return looksRandom(text, from, to) ? from : NONE;
  return colon === to || colon === from + 1 || isPath(text, from) || text.charAt(colon) === '/' ? NONE : colon;
}

/** The position after the first such character within the word. */
function behind({ text, from, to }: Part, character: string): number {
  for (let at = from; at < to; at++) if (text.charAt(at) === character) return at + 1;
  return NONE;
}

/** Not `image:tag@sha256:…`, and not what has a scheme, which is found without this. */
function credentialsStart(word: Part): number {
  const { text, to } = word;
  const colon = behind(word, ':');
  const sign = behind(word, '@');
  if (colon === NONE || sign < colon || text.startsWith('//', colon) || text.startsWith('sha256:', sign) || sign >= to) return NONE;
  const slash = behind(word, '/');
  // `host:8080/path@x`
  if (slash !== NONE && slash < sign && /^\d{1,5}\/$/.test(text.slice(colon, Math.min(slash, colon + 6)))) return NONE;
  return slash !== NONE && slash < colon ? NONE : colon;
}

function beforeHost({ text, to }: Part, from: number): number {
  const sign = text.lastIndexOf('@', to - 1);
  return sign >= from ? sign : to;
}
