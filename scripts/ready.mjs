/**
 * Makes a checkout ready to run, and does nothing, quickly, when it is: installs what the lockfile names, builds what has changed.
 * Runs on Node 20 with built-ins only, because it runs before anything is installed. Messages go to stderr.
 *
 *     node scripts/ready.mjs            install and build where needed
 *     node scripts/ready.mjs --build    install where needed, build in any case
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, isBuilt } from './ready/build.mjs';
import { install, isInstalled } from './ready/install.mjs';
import { alone } from './ready/lock.mjs';
import { NotReady } from './ready/not-ready.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function ready(/** @type {boolean} */ always) {
  if (process.platform !== 'linux')
    throw new NotReady(`forkcast runs on Linux only, this is ${process.platform}`, 'Run it on a Linux machine');
  if (!always && isInstalled(root) && isBuilt(root)) return;
  await alone(join(root, '.cache/ready.lock'), async () => {
    // Again, now that nobody else is at it.
    if (!isInstalled(root)) await install(root);
    if (always || !isBuilt(root)) await build(root);
  });
}

try {
  await ready(process.argv.includes('--build'));
} catch (error) {
  if (!(error instanceof NotReady)) throw error;
  process.stderr.write(`forkcast: ${error.message}\n  Fix: ${error.fix}.\n`);
  process.exitCode = error.exitCode;
}
