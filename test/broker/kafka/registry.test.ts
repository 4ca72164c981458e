import { describe, expect, it, onTestFinished } from 'vitest';
import { missingTools } from '../../helpers/kafka/java.ts';
import { TestRegistry } from '../../helpers/kafka/registry.ts';

/** The first start fetches it, too. */
const START_MS = 6 * 60_000;

describe.skipIf((await missingTools()) !== undefined)('a schema registry', () => {
  it(
    'gives schemas ids, and comes back empty',
    async () => {
      const registry = await TestRegistry.start();
      onTestFinished(() => registry.close());
      const subject = `${registry.url}/subjects/events-value/versions`;
      const body = JSON.stringify({ schema: '"string"' });
      const register = () =>
        fetch(subject, { method: 'POST', body, headers: { 'Content-Type': 'application/vnd.schemaregistry.v1+json' } });
      const first = (await (await register()).json()) as { id: number };
      expect(first.id).toBeGreaterThan(0);
      expect(await (await register()).json()).toEqual(first);
      await registry.kill9();
      await registry.resume();
      expect((await fetch(subject)).status).toBe(404);
    },
    START_MS,
  );
});
