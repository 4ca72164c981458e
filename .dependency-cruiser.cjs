/**
 * The imports that must never exist. test/architecture/imports.test.ts proves that each rule fires.
 * `tsPreCompilationDeps` makes type-only imports count like all others.
 */
const STEPS = 'ingest|enrich|encode|queue|sink';
const COMPONENTS = `${STEPS}|telemetry`;
const DRIVERS = 'kafka|nats|file|stdout|blackhole|chaos';

/** A package by name, wherever it was installed; `@types` stand-ins count as the package. */
const npm = (names) => `(^|/)node_modules/(@types/)?(${names})(/|$)`;

/** Only the modules matching `home` may import the packages matching `names`. */
const confined = (name, names, home) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: home },
  to: { path: npm(names) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-is-a-leaf',
      comment: 'Everything stands on core, so core stands on nothing: no module, no package, no Node builtin.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: '^src/core/' },
    },
    {
      name: 'steps-are-strangers',
      comment: 'ingest, enrich, encode, queue and sink meet in the pipeline, through the contracts of core.',
      severity: 'error',
      from: { path: `^src/(${STEPS})/` },
      to: { path: `^src/(${STEPS})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'sinks-are-strangers',
      comment: 'One sink can be removed without touching another; what they share is policy around them.',
      severity: 'error',
      from: { path: `^src/sink/(${DRIVERS}|policy)/` },
      to: { path: `^src/sink/(${DRIVERS})/`, pathNot: '^src/sink/$1/' },
    },
    {
      name: 'components-know-no-assembly',
      comment: 'Components open, read, write and close; who builds and runs them is not their business.',
      severity: 'error',
      from: { path: `^src/(${COMPONENTS})/` },
      to: { path: '^src/((pipeline|agent|cli|config|verify)/|main\\.ts$|index\\.ts$)' },
    },
    {
      name: 'monitor-composes-hearing-and-knowing',
      comment: 'The library’s monitor puts a source and enrichment together; delivery is the agent’s.',
      severity: 'error',
      from: { path: '^src/monitor/' },
      to: { path: '^src/', pathNot: '^src/(monitor|core|enrich|ingest)/' },
    },
    {
      name: 'monitor-is-for-library-users',
      comment: 'The agent has a composition of its own.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(monitor/|index\\.ts$)' },
      to: { path: '^src/monitor/' },
    },
    {
      name: 'pipeline-knows-core-and-telemetry',
      comment: 'The pipeline runs any component through its contract and none by name.',
      severity: 'error',
      from: { path: '^src/pipeline/' },
      to: { path: '^src/', pathNot: '^src/(pipeline|core|telemetry)/' },
    },
    {
      name: 'verify-is-pure',
      comment: 'The proof depends on the records alone: reading them, from files or brokers, is the business of whoever asks for it.',
      severity: 'error',
      from: { path: '^src/verify/' },
      to: { pathNot: '^src/(verify|core)/' },
    },
    {
      name: 'telemetry-knows-no-component',
      comment: 'What is measured is handed to telemetry; it never reaches out for it.',
      severity: 'error',
      from: { path: '^src/telemetry/' },
      to: { path: '^src/', pathNot: '^src/(telemetry|core)/' },
    },
    {
      name: 'nothing-imports-the-entry',
      severity: 'error',
      from: { path: '^(src|test|bench)/' },
      to: { path: '^src/main\\.ts$' },
    },
    {
      ...confined('ffi-in-native-only', 'ffi-rs|@yuuang', '^src/(ingest/native/|main\\.ts$)'),
      comment: 'Native calls have one home. main.ts may load the package (bare), which must happen on the main thread first.',
    },
    { ...confined('avsc-in-avro-only', 'avsc', '^src/encode/avro/'), comment: 'Avro is one encoding among several.' },
    {
      ...confined('re2-in-redaction-only', 're2js', '^src/enrich/redact/'),
      comment: 'One place decides what of a command line is secret.',
    },
    {
      ...confined('commander-in-cli-only', 'commander', '^src/cli/'),
      comment: 'Only the command line knows the command line.',
    },
    {
      ...confined('kafka-client-in-its-sink-only', '@platformatic/kafka|kafkajs|@confluentinc', '^src/sink/kafka/'),
      comment: 'A broker client stays inside its sink.',
    },
    {
      ...confined('nats-client-in-its-sink-only', '@nats-io|nats', '^src/sink/nats/'),
      comment: 'A broker client stays inside its sink.',
    },
    {
      name: 'product-imports-no-test',
      comment: 'What is shipped stands without tests, benchmarks and scripts.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'product-imports-no-dev-dependency',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-barrel',
      comment: 'Import a name from the file that defines it; src/index.ts is the one public entry.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/index\\.ts$' },
      to: { path: '^src/', dependencyTypes: ['export'] },
    },
    {
      name: 'no-cycle',
      comment: 'Type-only imports included.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      comment: 'A module nobody imports and that imports nothing is forgotten.',
      severity: 'error',
      from: { orphan: true, path: '^(src|test|bench)/', pathNot: '\\.d\\.ts$|\\.test\\.ts$|^src/(main|index)\\.ts$' },
      to: {},
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: { path: '^(src|test|bench)/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    detectProcessBuiltinModuleCalls: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
