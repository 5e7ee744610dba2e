/** A development extension: measures the extension host that it runs in, when it is told to. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { HostMeasurement } from '../hostProbe.ts';

export async function activate(): Promise<void> {
  const { KANDEV_PROBE_PORT: port } = process.env;
  if (!port) return;
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  const say = (answer: object): void => void socket.write(`${JSON.stringify(answer)}\n`);
  let measurement = new Measurement();
  createInterface({ input: socket }).on('line', (line) => {
    if (line === 'begin') {
      measurement = new Measurement();
      say({});
    } else {
      say(measurement.end());
    }
  });
}

class Measurement {
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
