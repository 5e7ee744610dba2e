import axe, { type AxeResults } from 'axe-core';
import type { Frame } from 'playwright-core';

/** What axe-core finds wrong with a frame's document: a line for each rule and element, with why. */
export async function accessibilityProblems(frame: Frame): Promise<string[]> {
  await frame.evaluate(axe.source);
  const { violations } = await frame.evaluate<AxeResults>('axe.run()');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${html}\n${failureSummary}`),
  );
}
