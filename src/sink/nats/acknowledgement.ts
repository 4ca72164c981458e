import { AgentError } from '../../core/errors.ts';
import { excerpt } from '../../core/text.ts';

/** What a stream says of a message: it has it, it had it already, or it did not take it. */
export type Acknowledgement = 'stored' | 'duplicate' | AgentError;

/** Of `…"duplicate":true}`: no other ends so. */
const LETTER_E = 0x65;

/** Reads what a stream answers. Something else may listen to the subject, too, and answer what it likes. */
export class AcknowledgementReader {
  readonly #stream: string;
  /** All answers of the stream that are no error begin so. */
  readonly #beginning: Uint8Array;

  constructor(stream: string) {
    this.#stream = stream;
    this.#beginning = Buffer.from(`{"stream":"${stream}",`, 'latin1');
  }

  /** Of the bytes of an answer; nearly always without parsing them. */
  read(bytes: Uint8Array): Acknowledgement {
    if (beginsWith(bytes, this.#beginning)) return bytes[bytes.length - 2] === LETTER_E ? 'duplicate' : 'stored';
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    const answer = parsed(text);
    if (answer?.error !== undefined && answer.error !== null) return refusal(answer.error);
    if (answer?.stream === this.#stream && typeof answer.seq === 'number') return answer.duplicate === true ? 'duplicate' : 'stored';
    return new AgentError('SINK_UNREACHABLE', `what answered is not the stream ${this.#stream}: ${excerpt(text, 100)}`, {
      fix: 'Check what else answers on the subject.',
    });
  }
}

function beginsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  // The closing brace and what is before it besides.
  if (bytes.length < beginning.length + 2) return false;
  for (let i = 0; i < beginning.length; i += 1) if (bytes[i] !== beginning[i]) return false;
  return true;
}

interface ApiError {
  readonly code?: unknown;
  readonly err_code?: unknown;
  readonly description?: unknown;
}

interface Answer {
  readonly error?: ApiError | null;
  readonly stream?: unknown;
  readonly seq?: unknown;
  readonly duplicate?: unknown;
}

/** Undefined where it is nothing that has members. */
function parsed(text: string): Answer | undefined {
  try {
    return (JSON.parse(text) as Answer | null) ?? undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
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
  // Sent again while the stream was still about to store what had come before.
  10158: { reaction: 'again', fix: 'Nothing is to be done: it passes.' },
  10169: { reaction: 'hold', fix: 'The stream takes counters only: name another.' },
};

const TOO_LARGE = 10054;

/** Whether the message is larger than the stream takes: in parts it may take it. */
export function isTooLarge({ context }: AgentError): boolean {
  return context['err_code'] === TOO_LARGE;
}

function refusal(error: ApiError): AgentError {
  const [code, errCode] = [error.code, error.err_code].map((number) => (typeof number === 'number' ? number : 0)) as [number, number];
  const { reaction, fix } = KNOWN[errCode] ?? { reaction: reactionTo(code), fix: 'See the log of the server.' };
  const description = typeof error.description === 'string' ? excerpt(error.description, 200) : 'it does not say why';
  const codes = { again: 'SINK_UNREACHABLE', hold: 'SINK_REFUSED', refuse: 'RECORD_REJECTED' } as const;
  return new AgentError(codes[reaction], `the stream does not take it: ${description} (${errCode === 0 ? code : errCode})`, {
    context: { err_code: errCode, code },
    fix,
  });
}

/** 429 and 5xx pass with time; the others want somebody, and nothing is lost by asking again. */
function reactionTo(code: number): Reaction {
  return code === 429 || code >= 500 || code === 0 ? 'again' : 'hold';
}
