import { connect } from 'node:net';
import { keep } from './keeper.ts';
import { keeperFolder } from './protocol.ts';
import { serveTools } from './serveTools.ts';

const socket = `${keeperFolder}/socket`;
const [how, ...command] = process.argv.slice(2);

if (how === 'run') keep(command, socket);
else if (how === 'tools') serveTools(socket);
else {
  // Beside it in the same container: the way in from outside.
  const connection = connect(socket);
  process.stdin.pipe(connection).pipe(process.stdout);
  process.stdin.on('end', () => process.exit(0));
  process.stdout.on('error', () => process.exit(0));
  connection.on('end', () => process.exit(0));
  connection.on('error', (error) => {
    process.stderr.write(`${error.message}\n`, () => process.exit(3));
  });
}
