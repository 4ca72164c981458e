/** What the answers of a schema registry mean, by HTTP status and by the `error_code` of the Confluent API. */
import { AgentError } from '../../core/errors.ts';
import { excerpt } from '../../core/text.ts';
import type { Answer } from '../http/exchange.ts';
import { strange } from './trouble.ts';

/** Subject, version or schema unknown; subject without a compatibility level of its own. */
const UNKNOWN: ReadonlySet<unknown> = new Set([40401, 40402, 40403, 40408]);
/** Of what a server says. */
export const MAX_TEXT = 300;

export interface AnswerFrom extends Answer {
  readonly base: string;
  /** Whether credentials were sent. */
  readonly identified: boolean;
  readonly mask: (text: string) => string;
}

export interface Reply {
  readonly json: Readonly<Record<string, unknown>>;
  /** For texts of the answer that are to be shown. */
  readonly mask: (text: string) => string;
}

/**
 * What was asked for; undefined: it is not there. Throws REGISTRY_UNREACHABLE (busy or broken: another address may do),
 * REGISTRY_REFUSED, SCHEMA_INCOMPATIBLE.
 */
export function understand(answer: AnswerFrom): Reply | undefined {
  const { status, base, mask } = answer;
  const json = parse(answer.body);
  if (status >= 200 && status < 300) {
    if (json === undefined) throw strange(base, 'answers with what is no object in JSON');
    return { json, mask };
  }
  if (status === 404 && UNKNOWN.has(json?.['error_code'])) return undefined;
  throw refusal(answer, json);
}

function refusal(answer: AnswerFrom, json: Reply['json'] | undefined): AgentError {
  const { status, base, location } = answer;
  const said = saidBy(answer, json);
  if (status >= 300 && status < 400) return strange(base, `redirects to ${textOf(answer, location ?? 'nowhere')}`);
  if (status === 404) return strange(base, 'answers with status 404');
  const fail = (code: 'REGISTRY_UNREACHABLE' | 'REGISTRY_REFUSED' | 'SCHEMA_INCOMPATIBLE', what: string, fix: string): AgentError =>
    new AgentError(code, `the schema registry ${base} ${what}${said}`, { context: { url: base, status }, fix });
  if (status >= 500 || status === 408 || status === 429)
    return fail('REGISTRY_UNREACHABLE', `cannot answer (status ${status})`, 'See its log; what was accepted is kept meanwhile.');
  if (status === 401) return fail('REGISTRY_REFUSED', ...unidentified(answer));
  if (status === 403) return fail('REGISTRY_REFUSED', 'forbids it', 'Give the user of registry.auth the right to this subject.');
  if (status === 409)
    return fail(
      'SCHEMA_INCOMPATIBLE',
      'finds the schema incompatible with that of the subject',
      'Use another topic or registry.subject_strategy, or lower the compatibility level of the subject in the registry.',
    );
  return fail('REGISTRY_REFUSED', `refuses it (status ${status})`, 'Mend in the registry what it says.');
}

function unidentified({ identified }: AnswerFrom): [what: string, fix: string] {
  return identified
    ? ['does not accept the credentials', 'Correct registry.auth, or the secret that it names: it is read anew at each attempt.']
    : ['wants credentials', 'Set registry.auth.username and registry.auth.password, or registry.auth.token.'];
}

function saidBy(answer: AnswerFrom, json: Reply['json'] | undefined): string {
  const message = json?.['message'];
  const text = (typeof message === 'string' ? message : answer.body).trim();
  return text === '' ? '' : `: ${textOf(answer, text)}`;
}

/** What a server says, fit to be shown. Masked before it is cut: a part of a secret would not be found. */
function textOf({ mask }: AnswerFrom, text: string): string {
  return excerpt(mask(text), MAX_TEXT);
}

function parse(body: string): Reply['json'] | undefined {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Reply['json']) : undefined;
  } catch {
    // An error page of whatever stands between; its status says what it is.
    return undefined;
  }
}
