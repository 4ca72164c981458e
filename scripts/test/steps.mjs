/**
 * What `npm test` runs, in this order, each with the seconds it should take at most on two cores. The sum, with the installation and the
 * build before it, is the budget of the whole: 20 minutes.
 *
 * @typedef {object} Check one command that is right or wrong; its text is the script of the same name in package.json
 * @property {'check'} kind
 * @property {string} name
 * @property {string} script
 * @property {number} budget
 *
 * @typedef {object} Suite one run of vitest over some of its projects
 * @property {'suite'} kind
 * @property {string} name
 * @property {string[]} projects
 * @property {'default' | 'verbose'} reporter verbose names each test as it ends, for projects where one can take a while
 * @property {boolean} coverage
 * @property {number} budget
 *
 * @typedef {Check | Suite} Step
 */

/** @type {readonly Step[]} */
const STEPS = [
  { kind: 'check', name: 'format', script: 'format:check', budget: 20 },
  { kind: 'check', name: 'lint', script: 'lint', budget: 15 },
  { kind: 'check', name: 'typecheck', script: 'typecheck', budget: 30 },
  { kind: 'check', name: 'arch', script: 'arch', budget: 15 },
  { kind: 'check', name: 'knip', script: 'knip', budget: 20 },
  { kind: 'suite', name: 'unit, contract', projects: ['unit', 'contract'], reporter: 'default', coverage: true, budget: 165 },
  { kind: 'suite', name: 'architecture', projects: ['architecture'], reporter: 'default', coverage: false, budget: 20 },
  { kind: 'suite', name: 'fuzz', projects: ['fuzz'], reporter: 'default', coverage: false, budget: 15 },
  { kind: 'suite', name: 'integration', projects: ['integration'], reporter: 'verbose', coverage: false, budget: 80 },
  { kind: 'suite', name: 'broker', projects: ['broker'], reporter: 'verbose', coverage: false, budget: 470 },
  { kind: 'suite', name: 'kernel', projects: ['kernel'], reporter: 'verbose', coverage: false, budget: 70 },
  { kind: 'suite', name: 'e2e', projects: ['e2e'], reporter: 'verbose', coverage: false, budget: 270 },
];

/** What `npm run check` runs: all that needs neither a broker nor a kernel. */
const FAST = ['format', 'lint', 'typecheck', 'arch', 'knip', 'unit', 'contract', 'architecture', 'fuzz'];

/** @param {Step} step */
const namesOf = (step) => (step.kind === 'suite' ? step.projects : [step.name]);

export const NAMES = [...STEPS.flatMap(namesOf), 'fast'];

/**
 * The steps for the names given, in their usual order; all of them for none. A suite loses the projects that were not asked for, and with
 * any of them its coverage, which would mean nothing.
 * @param {readonly string[]} asked
 * @returns {Step[]}
 */
export function select(asked) {
  if (asked.length === 0) return [...STEPS];
  const wanted = new Set(asked.flatMap((name) => (name === 'fast' ? FAST : [name])));
  return STEPS.flatMap((step) => {
    const names = namesOf(step).filter((name) => wanted.has(name));
    if (names.length === 0) return [];
    if (step.kind === 'check' || names.length === step.projects.length) return [step];
    return [{ ...step, name: names.join(', '), projects: names, coverage: false }];
  });
}
