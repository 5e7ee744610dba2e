import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headings } from '../src/headings.ts';

void test('finds headings with their level', () => {
  assert.deepEqual(headings('# One\n\ntext\n\n### Three ###\n'), [
    { level: 1, text: 'One' },
    { level: 3, text: 'Three' },
  ]);
});

void test('passes over code', () => {
  assert.deepEqual(headings('```sh\n# a comment\n```\n'), []);
});
