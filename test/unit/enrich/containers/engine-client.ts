import { onTestFinished } from 'vitest';
import type { ContainerFacts } from '../../../../src/enrich/containers/container-facts.ts';
import { DockerEngine, type DockerOptions } from '../../../../src/enrich/containers/docker.ts';
import type { EngineState } from '../../../../src/enrich/containers/trouble-book.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import type { FakeEngine } from './fake-engine.ts';

export const idOf = (n: number): string => n.toString(16).padStart(64, '0');

export function engineClient(socketPath: string, more: Partial<DockerOptions> = {}) {
  const known = new Map<string, ContainerFacts>();
  const states: EngineState[] = [];
  const engine = new DockerEngine({
    socketPath,
    labels: true,
    onKnown: (id, facts) => known.set(id, facts),
    onState: (state) => states.push(state),
    backoffMs: () => 5,
    timeoutMs: 2000,
    ...more,
  });
  onTestFinished(() => engine.close());
  engine.open();
  const reasons = (): unknown[] => states.map((state) => (state.state === 'connected' ? 'connected' : state.error.context['reason']));
  const learns = (id: string): Promise<ContainerFacts> => waitFor(() => known.get(id), { what: `facts of ${id.slice(-4)}` });
  return { engine, known, states, reasons, learns };
}

/** A client that has its first session. */
export async function connected(server: FakeEngine, more: Partial<DockerOptions> = {}) {
  const made = engineClient(server.socketPath, more);
  made.engine.want(idOf(0xffff));
  await waitFor(() => made.engine.counters.unknown > 0, { what: 'the end of the first look-up' });
  return made;
}
