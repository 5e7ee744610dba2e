#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { tableOfContents } from './toc.ts';

const [file, depth = '3'] = process.argv.slice(2);
if (!file) {
  console.error('usage: markdown-toc FILE [DEPTH]');
  process.exit(2);
}
// TODO: --write puts the list between <!-- toc --> and <!-- /toc --> in the file itself.
console.log(tableOfContents(readFileSync(file, 'utf8'), Number(depth)));
