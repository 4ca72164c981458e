import { constants } from 'node:os';

/** The first name of each number: SIGABRT before SIGIOT, SIGIO before SIGPOLL. */
const NAMES = new Map<number, string>();
for (const [name, number] of Object.entries(constants.signals)) if (!NAMES.has(number)) NAMES.set(number, name);

/** `SIGKILL`, or `signal 34` where there is no name. */
export const signalName = (signal: number): string => NAMES.get(signal) ?? `signal ${signal}`;
