import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import { FORMAT } from './format.ts';

/** What can be wrong with a recording that is to be read. `name` is how messages call it, usually its path. */
export function notRecording(name: string): AgentError {
  return new AgentError('FILE_CORRUPT', `${escapeText(name)} is not a recording`, {
    context: { path: name },
    fix: 'Name a file that forkcast record has written.',
  });
}

export function damaged(name: string, at: number, reason: string): AgentError {
  return new AgentError('FILE_CORRUPT', `${escapeText(name)} is damaged at byte ${at}: ${escapeText(reason)}`, {
    context: { path: name, at },
    fix: 'Copy it again from where it was recorded; what is before that byte can be used.',
  });
}

export function newer(name: string, of: { readonly newer: number; readonly by: string }): AgentError {
  return new AgentError(
    'FILE_TOO_NEW',
    `${escapeText(name)} is a recording of format ${of.newer}, made by forkcast ${escapeText(of.by)}; this version knows formats up to ${FORMAT}`,
    { context: { path: name, format: of.newer }, fix: 'Use the version that recorded it, or a later one.' },
  );
}
