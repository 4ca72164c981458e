import type { BenchCase, Choice, Stage } from './measurement.ts';

/** Loaded one by one: a stage that does not build must not hide the others. */
export async function benchCases(stage: Stage, choice: Choice): Promise<readonly BenchCase[]> {
  switch (stage) {
    case 'encode':
      return (await import('./stages/encode.ts')).encodeCases;
    case 'enrich':
      return (await import('./stages/enrich.ts')).enrichCases;
    case 'redact':
      return (await import('./stages/redact.ts')).redactCases;
    case 'spool':
      return (await import('./stages/spool.ts')).spoolCases;
    case 'ring':
      return (await import('./stages/ring.ts')).ringCases;
    case 'ingest':
      return (await import('./stages/ingest.ts')).ingestCases;
    case 'kafka':
      return (await import('./stages/kafka/cases.ts')).kafkaCases;
    case 'kafka-idle':
      return (await import('./stages/kafka-idle.ts')).kafkaIdleCases;
    case 'nats':
      return (await import('./stages/nats/cases.ts')).natsCases;
    case 'e2e':
      return (await import('./stages/e2e.ts')).e2eCases(choice);
  }
}
