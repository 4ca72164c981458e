import { attempt, runCommand, tail } from '../run-command.ts';

/** Kafka 4 brokers and the schema registry need it. */
const LEAST_JAVA = 17;
const FETCH_TIMEOUT_MS = 5 * 60_000;

/** What is missing of the programs that start brokers and registries here, with the fix; undefined: nothing. */
export async function missingTools(): Promise<string | undefined> {
  const java = await javaVersion();
  if (java === undefined) return `no java in PATH: install a Java ${LEAST_JAVA} runtime (Debian: openjdk-17-jre-headless)`;
  if (java < LEAST_JAVA) return `java in PATH is version ${java}: Kafka needs ${LEAST_JAVA} or later (Debian: openjdk-17-jre-headless)`;
  if ((await attempt('mvn', ['-v']))?.code !== 0)
    return 'no mvn in PATH: install Maven (Debian: maven), it fetches the jars of Apache Kafka';
  return undefined;
}

async function javaVersion(): Promise<number | undefined> {
  const told = await attempt('java', ['-version']);
  const version = /version "(?:1\.)?(\d+)/.exec(told?.stderr ?? '')?.[1];
  return version === undefined ? undefined : Number(version);
}

/** Runs Maven; its repository is what the user's settings say. */
export async function maven(cwd: string, args: readonly string[]): Promise<void> {
  const missing = await missingTools();
  if (missing !== undefined) throw new Error(missing);
  const { code, stdout, stderr } = await runCommand('mvn', ['-B', '-q', ...args], { cwd, timeout: FETCH_TIMEOUT_MS });
  if (code !== 0) throw new Error(`mvn ${args[0] ?? ''} ended with ${code ?? 'its time-out'}: ${tail(stdout + stderr)}`);
}
