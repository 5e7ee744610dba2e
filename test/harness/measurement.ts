import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { HostMeasurement } from './hostProbe.ts';

/** Measures this process from its making to its end. */
export class Measurement {
  readonly #delay = monitorEventLoopDelay({ resolution: 2 });
  readonly #heapBefore = heapMegabytes();
  readonly #cpuBefore = process.cpuUsage();
  readonly #timer: NodeJS.Timeout;
  #last = process.threadCpuUsage();
  /** Milliseconds of CPU of this thread, at most, between two turns of its event loop. */
  #longestStretch = 0;

  constructor() {
    this.#delay.enable();
    // A timer that is due is seen to once a turn: more than one turn cannot lie between two of them.
    this.#timer = setInterval(() => {
      const { user, system } = process.threadCpuUsage(this.#last);
      this.#longestStretch = Math.max(this.#longestStretch, (user + system) / 1000);
      this.#last = process.threadCpuUsage();
    }, 1);
  }

  end(): HostMeasurement {
    clearInterval(this.#timer);
    this.#delay.disable();
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    return {
      longestDelayMs: this.#delay.max / 1e6,
      delay99Ms: this.#delay.percentile(99) / 1e6,
      longestStretchMs: this.#longestStretch,
      cpuMs: (user + system) / 1000,
      heapBeforeMb: this.#heapBefore,
      heapAfterMb: heapMegabytes(),
    };
  }
}

/** After everything that nobody holds is gone. */
function heapMegabytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed / 1024 / 1024;
}
