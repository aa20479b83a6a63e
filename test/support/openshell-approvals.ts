import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { cloneFolder } from "../../scripts/clone-paths.ts";
import type { LocalStack } from "./local-stack.ts";

interface Draft {
  readonly id: string;
  readonly name: string;
  readonly verdict: { readonly kind: string };
  readonly inCode?: string;
}

const demo = "http://demo.nemoclaw.internal";
const names = {
  code: "allow_demo_nemoclaw_internal_8081",
  live: "allow_demo_nemoclaw_internal_8080",
  elsewhere: "allow_unknown_example_80",
} as const;

/**
 * From denials to drafts, and from those into code, on a stack that stands under a real OpenShell and has no policy file. The
 * stack is left as it was.
 */
export async function approvalsFromDenialToCode(stack: LocalStack): Promise<void> {
  const file = join(cloneFolder, "policies", `${stack.name}.yaml`);
  const pid = await stack.agentPid();
  try {
    for (const url of [`${demo}:8081/operator/state`, `${demo}:8080/v1/models`, "http://unknown.example/"])
      expect(await stack.statusInside("GET", url)).toBe(403);
    // The sandbox tells the gateway of denials every ten seconds.
    await expect
      .poll(async () => (await drafts(stack)).map(({ name }) => name), { timeout: 120_000, interval: 3000 })
      .toEqual(expect.arrayContaining(Object.values(names)));
    const { id, verdict } = await draft(stack, names.code);
    expect(verdict.kind).toBe("clean");
    const status = await stack.script("status", "--json");
    const { approvals } = JSON.parse(status.stdout) as { approvals: { id: string; asks: string }[] };
    expect(approvals.find((one) => one.id === id)?.asks, status.stdout).toMatch(/demo\.nemoclaw\.internal:8081/);

    await intoCode(stack, file);
    await live(stack, file);
    await approvedElsewhere(stack, file);
    expect(await stack.agentPid()).toBe(pid);
  } finally {
    await rm(file, { force: true });
    await stack.configure((config) => {
      config["nemoclaw:policy"] = { presets: [] };
    });
    await stack.up();
  }
}

async function intoCode(stack: LocalStack, file: string): Promise<void> {
  const { id } = await draft(stack, names.code);
  await script(stack, "approve", id.slice(0, 8), "--reason", "the operator asked for it");
  const text = await readFile(file, "utf8");
  expect(text).toMatch(
    new RegExp(`# Approved by \\S+, .*: the operator asked for it\\n +# Draft ${id}: .*\\n +# Prover: `),
  );
  expect(await stack.statusInside("GET", `${demo}:8081/operator/state`)).toBe(403);
  expect((await draft(stack, names.code)).inCode).toBe(names.code);
  await stack.up();
  expect(await stack.statusInside("GET", `${demo}:8081/operator/state`)).toBe(200);
  await script(stack, "reject", id);
  expect((await drafts(stack)).map(({ name }) => name)).not.toContain(names.code);
}

async function live(stack: LocalStack, file: string): Promise<void> {
  const { id } = await draft(stack, names.live);
  const { stderr } = await script(stack, "approve", id, "--live");
  expect(stderr).toMatch(/before anybody has reviewed it/);
  expect(await stack.statusInside("GET", `${demo}:8080/v1/models`)).toBe(200);
  expect(await stack.statusInside("GET", `${demo}:8081/operator/state`)).toBe(200);
  expect(await readFile(file, "utf8")).toContain(`${names.live}:`);
}

/** By OpenShell's own CLI, as its terminal does. */
async function approvedElsewhere(stack: LocalStack, file: string): Promise<void> {
  const { id } = await draft(stack, names.elsewhere);
  // The policy changed since it was drafted; the gateway then wants it to be looked at again.
  await expect
    .poll(() => stack.openshell(`rule approve main --chunk-id ${id}`), { timeout: 30_000 })
    .toMatch(/approved/);
  const found = await drift(stack, "--adopt");
  expect(found.exitCode, found.stderr).toBe(2);
  expect(found.stdout).toMatch(/To adopt it[\s\S]*unknown\.example/);
  expect(await readFile(file, "utf8")).toContain("unknown.example");
  await stack.up();
  expect((await drift(stack)).exitCode).toBe(0);
}

async function script(stack: LocalStack, ...args: string[]) {
  const done = await stack.script("approvals", ...args);
  expect(done.exitCode, done.stdout + done.stderr).toBe(0);
  return done;
}

async function drafts(stack: LocalStack): Promise<readonly Draft[]> {
  return (JSON.parse((await script(stack, "--json")).stdout) as { drafts: Draft[] }).drafts;
}

async function draft(stack: LocalStack, name: string): Promise<Draft> {
  const found = (await drafts(stack)).find((one) => one.name === name);
  if (!found) throw new Error(`no draft ${name} waits`);
  return found;
}

const drift = (stack: LocalStack, ...args: string[]) => stack.script("drift", ...args);
