import { defineConfig } from 'vitest/config';

/** Suites that work with a real engine. */
const real = {
  globalSetup: 'test/harness/globalSetup.ts',
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      // Many start processes or threads of their own, and wait for them on whatever else the machine does; while some
      // wait, others compute, so that not even two cores are left to one file at a time.
      {
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000, maxWorkers: 2 },
      },
      // They count what the engine has, and so share it one after the other.
      {
        test: {
          name: 'docker',
          include: ['test/docker/**/*.test.ts'],
          testTimeout: 60_000,
          fileParallelism: false,
          setupFiles: 'test/harness/leavesNothing.ts',
          ...real,
        },
      },
      // Agents that others wrote, in containers: their images are built first.
      {
        test: {
          name: 'agents',
          include: ['test/agents/gemini.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          ...real,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'all-agents',
          include: ['test/agents/everyAgent.test.ts', 'test/agents/turns.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          ...real,
          hookTimeout: 600_000,
        },
      },
      // Each file is one journey in a VS Code of its own. One at a time: on two busy cores VS Code loses keys and focus.
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          ...real,
        },
      },
    ],
  },
});
