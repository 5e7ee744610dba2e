/** What is loaded when the gateway is first needed: a bundle of its own, `dist/gateway.js`. */
export { openGateway } from './openGateway.ts';
export { TokenDesk } from './tokenDesk.ts';
