import { expect } from "vitest";
import type { LocalStack } from "./local-stack.ts";
import {
  askAll,
  findAll,
  type ParityCase,
  parityCases,
  parityDifferences,
  parityPaths,
  parityUnasked,
  said,
  verdictOf,
  writeAll,
} from "./parity.ts";
import { isOutside } from "./parity-path.ts";

export interface Parity {
  readonly runtime: "embedded" | "openshell";
  /** `test` of vitest, or what skips where it cannot run. */
  readonly run: (name: string, body: () => Promise<void>) => void;
  /** Asked once a test runs. */
  readonly stack: () => LocalStack;
  /** Puts network policies in force, past the resource. */
  readonly load: (policies: ParityCase["policies"]) => Promise<void>;
}

/** The tables of `test/fixtures/parity.yaml`, asked of a runtime from inside its sandbox. */
export function parityTests({ runtime, run, stack, load }: Parity): void {
  const ask = async (requests: Parameters<typeof askAll>[0]) =>
    (await stack().inside(["sh", "-c", askAll(requests)])).stdout.split("\n");

  for (const { name, policies, requests } of parityCases) {
    run(`requests under the policy: ${name}`, async () => {
      await load(policies);
      const lines = await ask(requests);
      const found = requests.map((request, index) => `${said(request)}: ${verdictOf(request, lines[index] ?? "")}`);
      expect(found).toEqual(requests.map((request) => `${said(request)}: ${request.verdict}`));
    });
  }

  for (const { accept, policy, request } of parityDifferences) {
    if (request === undefined) continue;
    run(`what differs by ${accept}: ${said(request)} is ${request[runtime]} here`, async () => {
      await load(policy.network_policies ?? {});
      const [line = ""] = await ask([request]);
      expect(verdictOf(request, line)).toBe(request[runtime]);
    });
  }

  for (const { name, policies, request } of parityUnasked) {
    run(`what no preview asks about, ${name}: ${said(request)} is ${request[runtime]} here`, async () => {
      await load(policies);
      const [line = ""] = await ask([request]);
      expect(verdictOf(request, line)).toBe(request[runtime]);
    });
  }

  run("paths: what the agent writes is outside just where the table says", async () => {
    expect((await stack().inside(["sh", "-c", writeAll()])).stdout).toMatch(/tried$/m);
    const outside = (await stack().shell(findAll())).split("\n").filter(Boolean);
    expect(outside).toEqual(parityPaths.filter((row) => row.outside).map(({ path }) => path));
  });

  // Last, for each makes the sandbox anew under a policy of its own.
  for (const row of parityDifferences) {
    const { accept, path } = row;
    if (path === undefined) continue;
    run(`what differs by ${accept}: what is written at ${path.path} is outside: ${path[runtime]}`, async () => {
      expect(await isOutside(stack(), row, path.path)).toBe(path[runtime]);
    });
  }
}
