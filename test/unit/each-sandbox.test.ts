import { expect, test } from "vitest";
import { inEachSandbox } from "../../scripts/each-sandbox.ts";
import type { Standing } from "../../scripts/stack-command.ts";
import { someMachine } from "../support/some-machine.ts";

const standing = (sandbox: string, id: string) => ({ sandbox, machine: { ...someMachine, id } }) as Standing;

test("sandboxes of one machine are taken one after another, those of others at once, and a failure keeps none from it", async () => {
  const [steps, releases] = [[] as string[], new Map<string, () => void>()];
  const all = [standing("a", "m1"), standing("b", "m1"), standing("c", "m2")];
  const done = inEachSandbox("prod", all, async ({ sandbox }) => {
    steps.push(`${sandbox} begins`);
    await new Promise<void>((release) => releases.set(sandbox, release));
    steps.push(`${sandbox} ends`);
    if (sandbox === "a") throw new Error("a failed");
    return sandbox;
  });
  await expect.poll(() => steps).toEqual(["a begins", "c begins"]);
  releases.get("c")?.();
  await expect.poll(() => steps.at(-1)).toBe("c ends");
  releases.get("a")?.();
  await expect.poll(() => steps.slice(3)).toEqual(["a ends", "b begins"]);
  releases.get("b")?.();
  expect((await done).map((one) => ("did" in one ? one.did : String(one.failed)))).toEqual([
    "Error: a failed",
    "b",
    "c",
  ]);
});
