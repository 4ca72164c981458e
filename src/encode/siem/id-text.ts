import type { Uuid } from '../../core/event.ts';
import { uuidText } from '../../core/uuid.ts';

/** A power of two: the last byte of an id chooses the place. */
const PLACES = 256;
const NOBODY = Buffer.alloc(16);

const ids: Uuid[] = [];
const texts: string[] = [];
for (let i = 0; i < PLACES; i++) {
  ids.push(NOBODY);
  texts.push(uuidText(NOBODY));
}

/** An id as text. The same few objects come again and again: those of the run, the host, and the processes that are busy. */
export function idText(id: Uuid): string {
  const place = (id[15] as number) & (PLACES - 1);
  if (ids[place] === id) return texts[place] as string;
  const text = uuidText(id);
  ids[place] = id;
  texts[place] = text;
  return text;
}

export const hexText = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex');

export const base64Text = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

/** `<agent_id>:<sequence>`, by which a redelivered event is known. */
export const eventIdText = (agentId: Uuid, sequence: number): string => `${idText(agentId)}:${sequence}`;
