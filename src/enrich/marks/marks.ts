import type { Mark } from '../../core/event.ts';

export interface Suspicions {
  readonly escalation: boolean;
  readonly shellOnSocket: boolean;
  readonly nameMismatch: boolean;
}

/** Every combination once, in the order of the schema: events share them. */
const COMBINATIONS: readonly (readonly Mark[] | null)[] = Array.from({ length: 8 }, (_, bits) => {
  const all: readonly Mark[] = ['ESCALATION', 'SHELL_ON_SOCKET', 'NAME_MISMATCH'];
  const marks = all.filter((_mark, bit) => (bits & (1 << bit)) !== 0);
  return marks.length === 0 ? null : Object.freeze(marks);
});

/** null: none. Must not be changed. */
export function marksOf({ escalation, shellOnSocket, nameMismatch }: Suspicions): readonly Mark[] | null {
  return COMBINATIONS[(escalation ? 1 : 0) | (shellOnSocket ? 2 : 0) | (nameMismatch ? 4 : 0)] ?? null;
}
