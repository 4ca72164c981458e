import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';

/** What a stream says of a message: it has it, it had it already, or it did not take it. */
export type Acknowledgement = 'stored' | 'duplicate' | AgentError;

/** `{"s`: of `{"stream":…`, which all begin with that are no error. */
const [BRACE, QUOTE, LETTER_S] = [0x7b, 0x22, 0x73];
/** Of `…"duplicate": true}`: no other ends so. */
const LETTER_E = 0x65;

/** Of the bytes of an answer; nearly always without parsing them. */
export function acknowledgementIn(bytes: Uint8Array): Acknowledgement {
  if (bytes[0] === BRACE && bytes[1] === QUOTE && bytes[2] === LETTER_S)
    return bytes[bytes.length - 2] === LETTER_E ? 'duplicate' : 'stored';
  return errorIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
}

interface ApiError {
  readonly code?: number;
  readonly err_code?: number;
  readonly description?: string;
}

function errorIn(text: string): Acknowledgement {
  let answer: { readonly error?: ApiError; readonly seq?: number; readonly duplicate?: boolean };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return new AgentError('SINK_UNREACHABLE', `what answered is no stream: ${escapeText(text.slice(0, 100))}`, {
      cause,
      fix: 'Check whether something else answers on the subject.',
    });
  }
  if (answer.error !== undefined) return refusal(answer.error);
  if (typeof answer.seq === 'number') return answer.duplicate === true ? 'duplicate' : 'stored';
  return new AgentError('SINK_UNREACHABLE', `what answered is no stream: ${escapeText(text.slice(0, 100))}`, {
    fix: 'Check whether something else answers on the subject.',
  });
}

type Reaction = 'again' | 'hold' | 'refuse';

/** By the server's own numbers; what is not here is tried again by the class of its HTTP-like code. */
const KNOWN: Readonly<Record<number, { readonly reaction: Reaction; readonly fix: string }>> = {
  10002: { reaction: 'hold', fix: 'Give the account room for more streams or storage.' },
  10023: { reaction: 'hold', fix: 'Give the servers more disk or memory for JetStream.' },
  10028: { reaction: 'hold', fix: 'Raise the storage limit of the account, or let the stream keep less.' },
  10039: { reaction: 'hold', fix: 'Enable JetStream for the account that the agent uses.' },
  10047: { reaction: 'hold', fix: 'Give the servers more disk or memory for JetStream.' },
  10054: { reaction: 'refuse', fix: 'Raise the max_msg_size of the stream, and replay it: forkcast dlq replay.' },
  10059: { reaction: 'hold', fix: 'Create the stream, or correct stream in the sink.' },
  10060: {
    reaction: 'hold',
    fix: 'Another stream than that of the sink takes the subject: correct stream or subject in the sink, or the subjects of the streams.',
  },
  10076: { reaction: 'hold', fix: 'Enable JetStream on the server.' },
  10077: { reaction: 'hold', fix: 'The stream is full: let it keep less (max-age), give it more room, or discard the old (discard=old).' },
  10109: { reaction: 'hold', fix: 'The stream is sealed: name another, or create it anew.' },
  10194: { reaction: 'hold', fix: 'The stream takes a counter only: name another.' },
};

const TOO_LARGE = 10054;

/** Whether the message is larger than the stream takes: in parts it may take it. */
export function isTooLarge({ context }: AgentError): boolean {
  return context['err_code'] === TOO_LARGE;
}

function refusal({ code = 0, err_code = 0, description = '' }: ApiError): AgentError {
  const { reaction, fix } = KNOWN[err_code] ?? { reaction: reactionTo(code), fix: 'See the log of the server.' };
  const said = `the stream does not take it: ${escapeText(description)} (${err_code === 0 ? code : err_code})`;
  const codes = { again: 'SINK_UNREACHABLE', hold: 'SINK_REFUSED', refuse: 'RECORD_REJECTED' } as const;
  return new AgentError(codes[reaction], said, { context: { err_code, code }, fix });
}

/** 429 and 5xx pass with time; the others want somebody, and nothing is lost by asking again. */
function reactionTo(code: number): Reaction {
  return code === 429 || code >= 500 || code === 0 ? 'again' : 'hold';
}
