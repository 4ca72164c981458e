import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RunContainers } from '../../../src/agent/run-containers.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { fakeEngine } from '../enrich/containers/fake-engine.ts';
import { ID } from '../enrich/containers/layouts.ts';
import { recordedLog } from './log-lines.ts';

function opened(docker: string, isLive = true) {
  const { log, entries } = recordedLog();
  const news: string[] = [];
  const containers = new RunContainers({ docker, labels: true }, { log, isLive, onNews: (id) => void news.push(id) });
  onTestFinished(() => containers.close());
  containers.open();
  return { containers, entries, news, of: () => containers.catalogue.of(`/docker/${ID}`)?.full };
}

describe('the containers of a run', () => {
  it('get their names from the engine, and the log says that there is one', async () => {
    const server = await fakeEngine();
    server.containers.push({ id: ID, name: 'web' });
    const { of, entries, news, containers } = opened(server.socketPath);
    expect(containers.limit).toBeUndefined();
    expect(of()).toMatchObject({ id: ID, name: null });
    await waitFor(() => of()?.name === 'web', { what: 'the name' });
    expect(news).toEqual([ID]);
    expect(entries).toMatchObject([{ level: 'info' }]);
  });

  it('go without names where no engine answers; START and the log say why', async () => {
    const path = join(await tempDir(), 'none.sock');
    const { of, entries, containers } = opened(path);
    expect(containers.limit).toContain(path);
    of();
    await waitFor(() => entries.length > 0, { what: 'the warning' });
    expect(entries).toMatchObject([
      { level: 'warn', code: 'CONTAINER_ENGINE', reason: 'absent', msg: expect.stringContaining(path) as string },
    ]);
    expect(of()).toMatchObject({ id: ID, runtime: 'docker', name: null });
  });

  it('of another machine, or of another time, are asked of nobody', async () => {
    const server = await fakeEngine();
    const { of, containers } = opened(server.socketPath, false);
    expect(of()).toMatchObject({ id: ID });
    await containers.close();
    expect([server.requests, containers.limit]).toEqual([[], undefined]);
  });
});
