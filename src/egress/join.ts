import type { Duplex } from 'node:stream';

/** Carries what comes from one side to the other, both ways, until both have ended; one that breaks takes the other along. */
export function join(a: Duplex, b: Duplex): void {
  carry(a, b);
  carry(b, a);
}

function carry(from: Duplex, to: Duplex): void {
  from.pipe(to);
  from.once('error', () => to.destroy());
  from.once('close', () => {
    // What it has said last may still be on its way.
    if (from.readableEnded) to.end();
    else to.destroy();
  });
}
