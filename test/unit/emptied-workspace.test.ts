import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { inEmptiedWorkspace } from "../../services/sandbox-supervisor/inside/emptied-workspace.ts";

function workspace(): string {
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-workspace-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const vanished = {
  kind: "inference",
  message: "the workspace appears to have disappeared: /sandbox | WORKSPACE_VANISHED",
} as const;
const answer = { text: "here", model: "m", sessionId: "s" };

test("a turn that OpenClaw refuses because the workspace was emptied is taken again with an entry in it", async () => {
  const folder = workspace();
  const take = async () => (existsSync(join(folder, ".nemoclaw")) ? answer : vanished);
  expect(await inEmptiedWorkspace(folder, take)).toEqual(answer);
});

test("every other fault stays as it is, and nothing is put into the workspace", async () => {
  const folder = workspace();
  const fault = { kind: "inference", message: "the model did not answer" } as const;
  let turns = 0;
  const take = async () => {
    turns++;
    return fault;
  };
  expect(await inEmptiedWorkspace(folder, take)).toEqual(fault);
  expect([turns, existsSync(join(folder, ".nemoclaw"))]).toEqual([1, false]);
});
