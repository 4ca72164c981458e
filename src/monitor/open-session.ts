import { AgentError, asAgentError } from '../core/errors.ts';
import type { EventSource, SourceState } from '../core/event-source.ts';
import { liveSource } from './live-source.ts';
import { Session } from './session.ts';
import type { SessionParts } from './session.ts';

const BOOT_TIMEOUT_MS = 15_000;
const NEVER = new AbortController().signal;

/** Opens a source and hands it to a session, which has not begun. Rejects with an AgentError, and then nothing is left. */
export async function openSession(parts: SessionParts): Promise<Session> {
  const { settings, signals } = parts;
  let early: SourceState | undefined;
  let session: Session | undefined;
  const onState = (state: SourceState): void => {
    if (session === undefined) early = state;
    else signals.state(state);
  };
  const source = await sourceOf(parts, onState);
  await open(source);
  try {
    if (early?.state === 'scanning' && settings.fallback === 'none') throw early.reason;
    session = new Session(source, parts);
  } catch (error) {
    await drain(source);
    throw error;
  }
  if (settings.unref) source.unref?.();
  if (early !== undefined) signals.state(early);
  return session;
}

async function sourceOf({ settings }: SessionParts, onState: (state: SourceState) => void): Promise<EventSource> {
  try {
    return await (settings.source === undefined ? liveSource(settings, { onState }) : settings.source({ onState }));
  } catch (error) {
    throw asAgentError(error);
  }
}

async function open(source: EventSource): Promise<void> {
  const boot = new AbortController();
  const late = new AgentError('BOOT_TIMEOUT', `not started within ${BOOT_TIMEOUT_MS / 1000} s`, { fix: 'Look for what hangs: /proc?' });
  const timer = setTimeout(() => boot.abort(late), BOOT_TIMEOUT_MS);
  try {
    await source.open(boot.signal);
  } catch (error) {
    source.hurry?.();
    // The first error counts.
    await source.close().catch(() => undefined);
    throw asAgentError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Closes a source that is open and that nobody wants: it may wait for room until it is read to its end. What it fails by as well has nothing to add. */
async function drain(source: EventSource): Promise<void> {
  const readAll = async (): Promise<void> => {
    while ((await source.read(NEVER)) !== undefined);
  };
  await Promise.allSettled([source.close(), readAll()]);
}
