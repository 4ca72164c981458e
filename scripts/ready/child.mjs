import { spawn } from 'node:child_process';

/**
 * Runs a program with its output on our stderr (stdout belongs to the agent that starts next) and resolves with how it ended.
 * Signals we are sent meanwhile are passed on, and end us once the child has gone.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<{ code: number, stderr: string }>} `code` is 128 + the signal's number where a signal ended it
 */
export function runChild(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    /** @type {NodeJS.Signals | undefined} */
    let asked;
    const pass = (/** @type {NodeJS.Signals} */ signal) => {
      asked = signal;
      child.kill(signal);
    };
    // Before there is a child: one that is sent as soon as the child runs would end us without it.
    process.on('SIGINT', pass).on('SIGTERM', pass);
    const settle = () => process.off('SIGINT', pass).off('SIGTERM', pass);
    const child = spawn(command, args, { ...options, stdio: ['ignore', 2, 'pipe'] });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      stderr = (stderr + text).slice(-65_536);
      process.stderr.write(text);
    });
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('close', (code, signal) => {
      settle();
      if (asked !== undefined) process.exit(asked === 'SIGINT' ? 130 : 143);
      resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 143), stderr });
    });
  });
}
