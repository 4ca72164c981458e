import { setImmediate as nextTurn } from 'node:timers/promises';

export type State = 'pending' | 'resolved' | 'rejected';

/** The state of a promise after the event loop has turned often enough for anything that needs no outside help to have happened. */
export async function stateOf(promise: Promise<unknown>, turns = 20): Promise<State> {
  const settled: State[] = [];
  promise.then(
    () => settled.push('resolved'),
    () => settled.push('rejected'),
  );
  for (let turn = 0; turn < turns && settled.length === 0; turn += 1) await nextTurn();
  return settled[0] ?? 'pending';
}

/** Resolves once the condition holds; the test's own time limit is what ends a vain wait. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await nextTurn();
}
