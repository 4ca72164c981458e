import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { runChild } from './child.mjs';
import { NotReady, say, writeFailure } from './not-ready.mjs';

/** What the last build was made of: `stamp` over names, times and sizes (cheap), `content` over the bytes (certain). */
const RECORD = '.cache/build.json';
/** Inputs beside src; the lockfile stands for the compiler's version. */
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
/** Sources of what is built otherwise; all else in src that is not TypeScript is read at run time and copied. */
const NOT_COPIED = new Set(['.ts', '.c', '.h', '.md']);

/**
 * All files below a folder, in a fixed order.
 * @param {string} folder
 * @returns {string[]}
 */
function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)]));
}

/** @param {string} root */
function inputs(root) {
  return [...filesIn(join(root, 'src')), ...SETTINGS.map((name) => join(root, name))];
}

/** @param {string} root */
function stampOf(root) {
  const hash = createHash('sha256');
  for (const path of inputs(root)) {
    const { mtimeMs, size } = statSync(path);
    hash.update(`${path.slice(root.length)} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}

/** @param {string} root */
function contentOf(root) {
  const hash = createHash('sha256');
  for (const path of inputs(root))
    hash
      .update(`${path.slice(root.length)}\0`)
      .update(readFileSync(path))
      .update('\0');
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @returns {{ stamp: string, content: string } | undefined}
 */
function recordOf(root) {
  try {
    return JSON.parse(readFileSync(join(root, RECORD), 'utf8'));
  } catch {
    return undefined; // none, or not for this user to read
  }
}

/**
 * Keeps what was built from what. A folder that cannot be written can still be run from, so a failure only costs the quick way next time.
 * @param {string} root
 * @param {{ stamp: string, content: string }} record
 */
function remember(root, record) {
  try {
    mkdirSync(join(root, dirname(RECORD)), { recursive: true });
    writeFileSync(join(root, RECORD), JSON.stringify(record));
  } catch (error) {
    if (writeFailure(error, root) === error) throw error;
  }
}

/** @param {string} root */
function isNewerThanSources(root) {
  const built = statSync(join(root, 'dist/main.js')).mtimeMs;
  return inputs(root).every((path) => statSync(path).mtimeMs <= built);
}

/** @param {string} root */
export function isBuilt(root) {
  if (!existsSync(join(root, 'dist/main.js'))) return false;
  const record = recordOf(root);
  if (record === undefined) return isNewerThanSources(root);
  const stamp = stampOf(root);
  if (record.stamp === stamp) return true;
  // Touched but unchanged, as after a checkout to and fro.
  const content = contentOf(root);
  if (record.content !== content) return false;
  remember(root, { stamp, content });
  return true;
}

/**
 * Everything but TypeScript that the code reads at run time: pages, compiled BPF objects.
 * @param {string} root
 * @param {string} target
 */
function copyAssets(root, target) {
  cpSync(join(root, 'src'), target, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || !(NOT_COPIED.has(extname(path)) || basename(path) === 'Makefile'),
  });
}

/**
 * Compiles into a folder of its own and swaps it in whole, so that a broken or interrupted build never leaves half a `dist`,
 * and an agent that runs from the old one keeps its files until it has loaded them.
 * @param {string} root
 */
export async function build(root) {
  const started = Date.now();
  const record = { stamp: stampOf(root), content: contentOf(root) };
  const fresh = join(root, '.cache/dist.new');
  const old = join(root, '.cache/dist.old');
  say('building …');
  try {
    accessSync(root, constants.W_OK);
    for (const path of [fresh, old]) rmSync(path, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    copyAssets(root, fresh);
  } catch (error) {
    throw writeFailure(error, root);
  }
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  // Types have no influence on what is emitted; `npm test` checks them.
  const { code } = await runChild(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', fresh], { cwd: root });
  if (code !== 0)
    throw new NotReady(
      'the build failed, see the messages of the compiler above',
      'Correct the sources, or restore them from the repository',
      1,
    );
  try {
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
    renameSync(fresh, join(root, 'dist'));
    rmSync(old, { recursive: true, force: true });
  } catch (error) {
    throw writeFailure(error, root);
  }
  remember(root, record);
  say(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
