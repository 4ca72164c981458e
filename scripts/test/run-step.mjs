import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * @typedef {import('./steps.mjs').Step} Step
 * @typedef {import('./steps.mjs').Suite} Suite
 * @typedef {import('./reporter.mjs').Tally} Tally
 *
 * @typedef {object} Result
 * @property {Step} step
 * @property {number} seconds
 * @property {number} passed
 * @property {string[]} failed
 * @property {string[]} skipped
 * @property {number} blocked
 */

/** A step that takes three times its budget hangs. */
const PATIENCE = 3;
const LEAST_PATIENCE_S = 120;
const PULSE_MS = 60_000;

/**
 * How the command ended: null as it should, else in words.
 * @param {string} command for the shell
 * @param {Step} step
 * @param {{ root: string, tally: string }} place
 * @returns {Promise<string | null>}
 */
function run(command, step, { root, tally }) {
  const limit = Math.max(step.budget * PATIENCE, LEAST_PATIENCE_S);
  const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH']}`, FORKCAST_TALLY: tally };
  return new Promise((resolve) => {
    // Output goes straight through, so that it is seen while it happens. `exec`: signals reach the tool, not a shell around it.
    const child = spawn('/bin/sh', ['-c', command], { cwd: root, env, stdio: 'inherit' });
    const started = Date.now();
    let hung = false;
    const pulse = setInterval(() => console.log(`… ${step.name}: ${Math.round((Date.now() - started) / 1000)} s`), PULSE_MS);
    const kill = setTimeout(() => {
      hung = true;
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
    }, limit * 1000);
    child.once('error', (error) => resolve(error.message));
    const pass = () => child.kill('SIGTERM');
    process.on('SIGTERM', pass);
    child.once('close', (code, signal) => {
      process.off('SIGTERM', pass);
      clearInterval(pulse);
      clearTimeout(kill);
      if (hung) resolve(`did not end within ${limit} s`);
      else if (signal !== null) resolve(`was ended by ${signal}`);
      else resolve(code === 0 ? null : `exit code ${code}`);
    });
  });
}

/** @param {Suite} suite */
function vitestCommand(suite) {
  const projects = suite.projects.map((name) => `--project ${name}`).join(' ');
  const reporters = `--reporter=${suite.reporter} --reporter=./scripts/test/reporter.mjs`;
  return `exec vitest run ${projects} ${reporters}${suite.coverage ? ' --coverage' : ''}`;
}

/**
 * @param {Suite} suite
 * @param {string | null} ending
 * @param {string} path
 * @returns {Omit<Result, 'step' | 'seconds'>}
 */
function judgeSuite(suite, ending, path) {
  /** @type {Tally} */
  let tally;
  try {
    tally = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // The file is written at the end of a run whatever its result, so there was no such end.
    return { passed: 0, failed: [`${suite.name}: vitest broke down (${ending ?? 'without a result'})`], skipped: [], blocked: 0 };
  }
  const { passed, failed, skipped, blocked, coverage } = tally;
  const covered = coverage !== null && coverage.lines >= coverage.wanted;
  const checks = { passed: covered ? 1 : 0, failed: /** @type {string[]} */ ([]) };
  if (suite.coverage && !covered) {
    checks.failed.push(
      coverage === null ? 'coverage: not measured' : `coverage: ${coverage.lines} % of lines, ${coverage.wanted} % are wanted`,
    );
  }
  if (passed + failed.length + skipped.length + blocked === 0) checks.failed.push(`${suite.name}: no tests`);
  else if (ending !== null && failed.length + checks.failed.length === 0) checks.failed.push(`${suite.name}: vitest, ${ending}`);
  return { passed: passed + checks.passed, failed: [...failed, ...checks.failed], skipped, blocked };
}

/**
 * @param {Step} step
 * @param {{ root: string, scripts: Record<string, string> }} project
 * @returns {Promise<Result>}
 */
export async function runStep(step, { root, scripts }) {
  const folder = join(root, '.cache/test');
  const tally = join(folder, `${step.name.replaceAll(/\W+/g, '-')}.json`);
  mkdirSync(folder, { recursive: true });
  rmSync(tally, { force: true });
  const started = Date.now();
  const command = step.kind === 'suite' ? vitestCommand(step) : (scripts[step.script] ?? `echo 'no script ${step.script}' >&2; exit 1`);
  const ending = await run(command, step, { root, tally });
  const seconds = (Date.now() - started) / 1000;
  if (step.kind === 'suite') return { step, seconds, ...judgeSuite(step, ending, tally) };
  const failed = ending === null ? [] : [`${step.name} (${ending})`];
  return { step, seconds, passed: 1 - failed.length, failed, skipped: [], blocked: 0 };
}
