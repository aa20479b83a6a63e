import { defineConfig } from "vitest/config";
import { Reporter } from "./test/support/reporter.ts";

export default defineConfig({
  test: {
    reporters: [new Reporter()],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          // One machine at a time: the files share this computer's Docker, and it may have two cores.
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          teardownTimeout: 120_000,
        },
      },
    ],
  },
});
