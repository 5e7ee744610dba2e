import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slug } from '../src/slug.ts';
import { tableOfContents } from '../src/toc.ts';

void test('makes anchors as GitHub does', () => {
  assert.equal(slug('Getting started: step 1!'), 'getting-started-step-1');
});

void test('nests the list', () => {
  assert.equal(tableOfContents('# A\n## B\n## C\n'), '- [A](#a)\n  - [B](#b)\n  - [C](#c)');
});

void test('stops at the depth', () => {
  assert.equal(tableOfContents('# A\n## B\n### C\n', 2), '- [A](#a)\n  - [B](#b)');
});
