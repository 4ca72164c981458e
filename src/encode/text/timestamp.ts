/**
 * Texts of times in microseconds since the epoch. The part before the fraction is kept by second: events come thousands to the second, and
 * the start times and file times in them are few.
 */
class SecondTexts {
  readonly #make: (date: Date) => string;
  readonly #seconds: number[] = [];
  readonly #texts: string[] = [];

  constructor(make: (date: Date) => string) {
    this.#make = make;
    for (let i = 0; i < SLOTS; i++) {
      this.#seconds.push(Number.NaN);
      this.#texts.push('');
    }
  }

  of(second: number): string {
    const slot = ((second % SLOTS) + SLOTS) % SLOTS;
    if (this.#seconds[slot] !== second) {
      this.#texts[slot] = this.#make(new Date(second * 1000));
      this.#seconds[slot] = second;
    }
    return this.#texts[slot] as string;
  }
}

const SLOTS = 128;

const utc = new SecondTexts((date) => date.toISOString().slice(0, -'000Z'.length));
const local = new SecondTexts((date) =>
  [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':'),
);

/** `2026-01-31T23:59:59.123456Z`. */
export function utcTimestamp(timeUs: number): string {
  const second = Math.floor(timeUs / 1_000_000);
  return `${utc.of(second)}${String(timeUs - second * 1_000_000).padStart(6, '0')}Z`;
}

/** `23:59:59.123` in the time zone of this process. */
export function localTime(timeUs: number): string {
  const second = Math.floor(timeUs / 1_000_000);
  return `${local.of(second)}.${String(Math.floor((timeUs - second * 1_000_000) / 1000)).padStart(3, '0')}`;
}
