import { describe, expect, test } from "vitest";
import { HostError } from "../../host/errors.ts";
import type { SandboxStatus } from "../../scripts/sandbox-status.ts";
import { ExitError } from "../../scripts/stack-command.ts";
import { watchStatus } from "../../scripts/watch-status.ts";

const status = { phase: "ready", faults: [] } as unknown as SandboxStatus;
const cancelled = new HostError("cancelled", { summary: "Cancelled" });
const unreachable = new HostError("unreachable", { summary: "box does not answer", said: "EHOSTUNREACH", try: "wait" });
const replaced = new ExitError("Stack prod has no sandbox yet.\n  try   scripts/pulumi up -s prod", 1);
const hiccup = new Error("the state of stack prod could not be read\n  said  503");

/** Watches through these looks, the last of which somebody interrupts. */
async function watched(looks: readonly (SandboxStatus | Error)[], json = true) {
  const shown: string[] = [];
  const left = [...looks, cancelled];
  const look = async () => {
    const next = left.shift();
    if (next instanceof Error) throw next;
    return next as SandboxStatus;
  };
  const pause = async () => {};
  const end = await watchStatus({ stack: "prod", json, look, pause, show: (text) => shown.push(text) }).catch(
    (error: unknown) => error,
  );
  return { shown, end };
}

describe("a watch of an environment", () => {
  test("goes on through whatever fails after the first look, with a line of JSON for each", async () => {
    const { shown, end } = await watched([status, replaced, hiccup, unreachable, new TypeError("oops"), status]);
    expect(end).toBe(cancelled);
    expect(shown.map((line) => JSON.parse(line).faults)).toEqual([
      [],
      [{ found: "Stack prod has no sandbox yet.", try: "scripts/pulumi up -s prod" }],
      [{ found: hiccup.message }],
      [{ found: "box does not answer", try: "wait" }],
      [{ found: "oops" }],
      [],
    ]);
    for (const line of shown.slice(1, -1))
      expect(JSON.parse(line)).toMatchObject({ stack: "prod", lookedAt: expect.any(String) });
  });

  test("shows what fails in the place of the screen, and when that was", async () => {
    const { shown } = await watched([unreachable, replaced], false);
    const at = /\nlooked at \d{4}-[\d:.T-]+Z$/;
    expect(shown.map((text) => text.replace(at, ""))).toEqual([
      `FAULT  ${unreachable.message}`,
      `FAULT  ${replaced.message}`,
    ]);
    for (const text of shown) expect(text).toMatch(at);
  });

  test("shows nothing that a terminal obeys", async () => {
    const { shown } = await watched([unreachable, new Error("a\u001b[2J\rb")], false);
    expect(shown[1]).toMatch(/^FAULT {2}a⟦U\+000D⟧b\n/);
  });

  test.each([replaced, hiccup, cancelled])("ends at the first look that ends in: %s", async (error) => {
    expect(await watched([error, status])).toEqual({ shown: [], end: error });
  });
});
