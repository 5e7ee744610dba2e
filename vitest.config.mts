import { defineConfig } from 'vitest/config';

/** Suites that work with a real engine take their time, and share it one after the other. */
const real = { fileParallelism: false, globalSetup: 'test/harness/globalSetup.ts', hookTimeout: 120_000 };

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      // Many start processes or threads of their own, and wait for them on whatever else the machine does.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } },
      { test: { name: 'docker', include: ['test/docker/**/*.test.ts'], testTimeout: 60_000, ...real } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          ...real,
        },
      },
    ],
  },
});
