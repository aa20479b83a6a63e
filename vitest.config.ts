import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";
import { Reporter } from "./test/support/reporter.ts";

export default defineConfig({
  test: {
    reporters: [new Reporter()],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          // On two processors: much of what these wait for is another process's start or a timer.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          // After the unit tests. Two machines at a time, each file's its own: an agent that starts takes a processor for itself.
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          teardownTimeout: 120_000,
        },
      },
    ],
  },
});
