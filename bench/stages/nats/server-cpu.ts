import { Meter } from '../../measurement.ts';
import type { Measurement, Pace } from '../../measurement.ts';
import { natsPlace } from '../../nats-server.ts';
import { cpuUsOf } from '../proc-cpu.ts';

/** CPU time of the server so far, in steps of 10 ms. */
export function serverCpuUs(): number {
  return cpuUsOf(`/proc/${natsPlace().pid}`);
}

/** Of so much CPU time of the server for so many events. */
export function serverFigure(cpuUs: number, events: number): Measurement['extra'] {
  return { 'server µs/event': cpuUs / events };
}

/** Of this process, and of the server meanwhile. */
export class ServedMeter extends Meter {
  #serverSince = 0;
  #serverUs = 0;

  override start(): void {
    this.#serverSince = serverCpuUs();
    super.start();
  }

  override stop(events: number): void {
    super.stop(events);
    this.#serverUs += serverCpuUs() - this.#serverSince;
  }

  override result(extra: Measurement['extra'] = {}): Measurement & Pace {
    return super.result({ ...serverFigure(this.#serverUs, this.events), ...extra });
  }
}
