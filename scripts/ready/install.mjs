import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { runChild } from './child.mjs';
import { NotReady, say, writeFailure } from './not-ready.mjs';

/** The file inside node_modules that says for which lockfile and machine type it was installed; npm removes it with the folder. */
const MARKER = 'node_modules/.ready';
/** What the built agent needs where the bundled Node cannot run. */
const OLDEST_NODE = /** @type {const} */ ([22, 22]);

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the same as absent: the caller then finds out by other means, or installs
  }
}

/** @param {string} root */
function wanted(root) {
  const lockfile = read(join(root, 'package-lock.json'));
  if (lockfile === undefined) throw new NotReady(`${join(root, 'package-lock.json')} cannot be read`, 'Restore it from the repository');
  return `${createHash('sha256').update(lockfile).digest('hex')} ${process.platform}-${process.arch}\n`;
}

/** @param {string} root */
export function isInstalled(root) {
  return read(join(root, MARKER)) === wanted(root) && existsSync(join(root, 'node_modules/.package-lock.json'));
}

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, os?: string | string[], cpu?: string | string[], libc?: string | string[] }} Entry */

/**
 * Whether npm had to install this package here. Of the optional ones those for exactly this machine type, the bundled Node above all;
 * one bound to a C library, or brought in by another optional one, cannot be judged cheaply and may be absent.
 * @param {Entry} entry
 */
function isNeeded({ optional, os, cpu, libc }) {
  if (optional !== true) return true;
  return libc === undefined && [os].flat().includes(process.platform) && [cpu].flat().includes(process.arch);
}

/**
 * Whether somebody else's `npm install` already put in place what the lockfile names: npm writes its own record when it has finished.
 * @param {string} root
 */
function isInstalledByHand(root) {
  const record = read(join(root, 'node_modules/.package-lock.json'));
  const lockfile = read(join(root, 'package-lock.json'));
  if (record === undefined || lockfile === undefined) return false;
  /** @type {Record<string, Entry>} */
  const have = JSON.parse(record).packages;
  /** @type {Record<string, Entry>} */
  const want = JSON.parse(lockfile).packages;
  return (
    Object.keys(have).every((path) => path in want) &&
    Object.entries(want).every(([path, entry]) => {
      if (path === '') return true;
      const there = have[path];
      if (there === undefined) return !isNeeded(entry);
      return there.version === entry.version && there.integrity === entry.integrity && existsSync(join(root, path));
    })
  );
}

/** npm as it was started, so that `npm start` installs with the same one; otherwise the first in PATH that is not of this checkout. */
function npm(/** @type {string} */ root) {
  const { npm_execpath: script, npm_node_execpath: node, PATH = '' } = process.env;
  if (script !== undefined && basename(script) === 'npm-cli.js') return { command: node ?? process.execPath, args: [script], path: PATH };
  const path = PATH.split(delimiter)
    .filter((folder) => !folder.startsWith(join(root, 'node_modules')))
    .join(delimiter);
  return { command: 'npm', args: [], path };
}

/** What npm says → what we say. First match wins. */
const CAUSES = /** @type {const} */ ([
  [/ENOSPC|EDQUOT/, 'the disk is full', 'Free about 500 MB and start again', 74],
  [/EROFS/, 'the folder is on a read-only file system', 'Copy the folder to a writable place and run it there', 77],
  [/EACCES|EPERM/, 'the folder is not writable by this user', 'Run as the owner of the folder, or make it writable', 77],
  [/EBADPLATFORM|EBADENGINE/, 'a package does not support this machine', 'Use Linux on x64 or arm64 with Node 20 or newer', 69],
  [/EUSAGE|can only install packages when/, 'package.json and package-lock.json do not match', 'Restore both from the repository', 69],
  [/EINTEGRITY/, 'a downloaded package is not the one the lockfile names', 'Run `npm cache verify`, and check any proxy in between', 69],
  [
    /CERT|SELF_SIGNED/,
    "the package registry's certificate is not trusted",
    'Set NODE_EXTRA_CA_CERTS or `npm config set cafile` to your CA',
    69,
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|SOCKET_TIMEOUT|ENOTCACHED|FETCH_ERROR/,
    'the package registry cannot be reached',
    'Connect this machine to the network, or set a proxy or registry with `npm config`; what is in npm’s cache needs no network',
    69,
  ],
]);

/** @param {string} stderr */
function installFailure(stderr) {
  const cause = CAUSES.find(([pattern]) => pattern.test(stderr));
  if (cause === undefined) return new NotReady('npm ci failed, see its messages above', 'Run `npm ci` by hand to see more');
  return new NotReady(`npm ci failed: ${cause[1]}`, cause[2], cause[3]);
}

const INSTALL = [
  'ci',
  // The compiler and the bundled Node are needed whatever NODE_ENV and npm's settings say; no package has anything to run.
  '--include=dev',
  '--include=optional',
  '--ignore-scripts',
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
  // Three tries in half a minute: npm's own default keeps an offline user waiting for minutes.
  '--fetch-retries=2',
  '--fetch-retry-mintimeout=2000',
  '--fetch-retry-maxtimeout=8000',
];

/** @param {string} root */
async function runNpm(root) {
  const { command, args, path } = npm(root);
  const started = Date.now();
  const pulse = setInterval(() => say(`… still installing (${Math.round((Date.now() - started) / 1000)} s)`), 15_000);
  try {
    return await runChild(command, [...args, ...INSTALL], { cwd: root, env: { ...process.env, PATH: path } });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
    throw new NotReady(
      'npm was not found in PATH',
      'Install npm (it comes with Node.js), or run `npm ci` elsewhere and copy node_modules here',
    );
  } finally {
    clearInterval(pulse);
  }
}

/** @param {string} version such as v22.22.0 */
function isRecent(version) {
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/**
 * The bundled Node needs glibc and x64 or arm64. Where it cannot run, the system's Node takes its place, if that is recent enough.
 * @param {string} root
 */
function checkRuntime(root) {
  const bundled = join(root, 'node_modules/.bin/node');
  try {
    execFileSync(bundled, ['--version'], { stdio: 'ignore' });
    return;
  } catch {
    rmSync(bundled, { force: true }); // else it would hide the system's Node from every npm script
  }
  if (isRecent(process.version)) return;
  throw new NotReady(
    `the bundled Node.js does not run on this machine (${process.arch}, or a C library other than glibc), and the system's is ${process.version}`,
    `Install Node.js ${OLDEST_NODE.join('.')} or newer`,
  );
}

/** @param {string} root */
export async function install(root) {
  if (isInstalledByHand(root)) return mark(root);
  say('installing packages (npm ci) …');
  const started = Date.now();
  const { code, stderr } = await runNpm(root);
  if (code !== 0) throw installFailure(stderr);
  checkRuntime(root);
  mark(root);
  say(`installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** @param {string} root */
function mark(root) {
  try {
    writeFileSync(join(root, MARKER), wanted(root));
  } catch (error) {
    throw writeFailure(error, join(root, 'node_modules'));
  }
}
