import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import { runProgram } from './run-program.ts';
import type { ProgramEnd } from './run-program.ts';

export interface TokenCommandOptions {
  /** Program and arguments. No shell sees them. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

/** Tokens are a few KiB. */
const MAX_LENGTH = 32 * 1024;
const MAX_SAID = 200;
/** RFC 6750, 2.1: what a bearer token is made of. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
/** As long as no word of a message is, but keys and tokens are. */
const SECRET_LIKE = /[A-Za-z0-9._~+=-]{32,}/g;

/** Tokens from a program that prints one, such as a signer for AWS MSK IAM. It is run anew for each: how long one can be used is its own business. */
export class TokenCommand {
  readonly #options: TokenCommandOptions;
  #asked: Promise<string> | undefined;

  constructor(options: TokenCommandOptions) {
    this.#options = options;
  }

  /** Throws SINK_UNREACHABLE where the program does not end, else SINK_REFUSED. */
  token(): Promise<string> {
    // Connections to several brokers are made at once.
    this.#asked ??= this.#run().finally(() => (this.#asked = undefined));
    return this.#asked;
  }

  async #run(): Promise<string> {
    const { command, timeoutMs } = this.#options;
    const end = await runProgram(command, timeoutMs);
    if (end.trouble !== undefined) throw this.#failure(end.trouble, end);
    const token = end.stdout.trim();
    if (token.length <= MAX_LENGTH && TOKEN.test(token)) return token;
    throw this.#refused(token === '' ? 'prints nothing' : 'prints something that is no token: it must be one word');
  }

  #failure(trouble: string, { stderr, late }: ProgramEnd): AgentError {
    const what = `${trouble}${said(stderr)}`;
    if (!late) return this.#refused(what);
    return new AgentError('SINK_UNREACHABLE', this.#message(what), { fix: 'See why it takes so long, or raise connect_timeout.' });
  }

  #refused(what: string): AgentError {
    return new AgentError('SINK_REFUSED', this.#message(what), {
      fix: 'Run sasl.token_command by hand, as the user the agent runs as: it must print a token, and nothing else on stdout.',
    });
  }

  /** Without the arguments, which may be anything. */
  #message(what: string): string {
    return `no token is to be had: ${escapeText(this.#options.command[0] ?? '')} (sasl.token_command) ${what}`;
  }
}

/** The end of what it said, without what may be a secret. */
function said(stderr: string): string {
  const last = stderr.trim().split('\n').at(-1)?.trim() ?? '';
  if (last === '') return '';
  const masked = last.replaceAll(SECRET_LIKE, '***');
  return `: ${escapeText(masked.length > MAX_SAID ? `…${masked.slice(-MAX_SAID)}` : masked)}`;
}
