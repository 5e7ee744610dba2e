import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { encodeTools, frameType, WholeFrames, type AnswerMessage } from './protocol.ts';
import { ToolServer } from './toolServer.ts';

/** Runs the MCP server of the agent's card on this process's stdio, beside the keeper. */
export function serveTools(socketPath: string): void {
  const connection = connect(socketPath);
  const server = new ToolServer({
    say: (message) => {
      process.stdout.write(`${JSON.stringify(message)}\n`);
    },
    ask: (message) => {
      connection.write(encodeTools(message));
    },
  });
  const frames = new WholeFrames((type, payload) => {
    if (type === frameType.tools) server.answered(JSON.parse(payload.toString()) as AnswerMessage);
  });
  connection.on('data', (chunk: Buffer) => {
    frames.push(chunk);
  });
  connection.on('error', (error) => {
    process.stderr.write(`${error.message}\n`, () => process.exit(3));
  });
  connection.on('end', () => process.exit(0));
  process.stdout.on('error', () => process.exit(0));
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      server.receive(line);
    })
    .on('close', () => process.exit(0));
}
