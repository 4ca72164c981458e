import { readFileSync } from 'node:fs';

/** Two levels up from here, from the sources as from the built files. */
const DEFAULT_FILE = new URL('../../config/forkcast.yaml', import.meta.url);

/** The commented default configuration. Throws when the installation lacks it. */
export function defaultConfigText(): string {
  return readFileSync(DEFAULT_FILE, 'utf8');
}
