/** A development extension: measures the extension host that it runs in, when it is told to. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Measurement } from '../measurement.ts';

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
