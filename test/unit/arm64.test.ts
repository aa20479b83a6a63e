import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Command } from "../../host/command.ts";
import { readLock } from "../../host/lock.ts";
import { install } from "../../host/runtimes/embedded/install.ts";
import { install as installOpenshell } from "../../host/runtimes/openshell/install.ts";
import type { Step } from "../../host/step.ts";
import { cloudflareTunnel } from "../../host/steps/cloudflare-tunnel.ts";
import { someSum } from "../support/pinned-openshell.ts";

// What is planned for an arm64 machine on which nothing is yet. None was ever there to run it on.

/** A machine that answers every question with nothing, or says that it is not there. */
function fresh(questions: unknown): unknown {
  const question = questions as { parse?: (answer: object) => unknown };
  if (typeof question.parse === "function") {
    const answer = (stdout: string) => question.parse?.({ stdout, stderr: "", exitCode: 0 });
    try {
      return answer("");
    } catch {
      return answer("absent\n");
    }
  }
  return Object.fromEntries(Object.entries(questions as object).map(([name, each]) => [name, fresh(each)]));
}

function planned(step: Step<never>): string[] {
  const commands: readonly Command[] = step.plan(fresh(step.facts) as never);
  return commands.map(({ script }) => script);
}

const urls = (scripts: readonly string[]) =>
  scripts.flatMap((script) => [...script.matchAll(/^url='?(https?:[^\s']+)/gm)].map(([, url]) => String(url)));

test.each(["arm64", "amd64"] as const)(
  "cloudflared and the embedded runtime for %s come from that processor's files",
  async (arch) => {
    const other = arch === "arm64" ? /amd64|x64|x86_64/ : /arm64|aarch64/;
    const tunnel = cloudflareTunnel({
      sandbox: "main",
      kind: "quick",
      origin: { host: "127.0.0.1", port: 17872 },
      running: true,
      arch,
    } as never);
    const runtime = await install.step({ arch } as never);
    const found = urls([...planned(tunnel as never), ...planned(runtime as never)]);
    expect(found).toContainEqual(expect.stringMatching(`/cloudflared-linux-${arch}$`));
    expect(found).toContainEqual(
      expect.stringMatching(`/node-linux-${arch === "arm64" ? "arm64" : "x64"}-[0-9.]+tgz$`),
    );
    expect(found.filter((url) => other.test(url))).toEqual([]);
  },
);

/** This project's lock file with sums where it has none: of OpenShell's files and images it pins only the names. */
function lockWithSums(): string {
  const lock = structuredClone(readLock());
  for (const name of ["openshell", "openshell-gateway"]) {
    for (const file of Object.values(lock.artifacts[name]?.files ?? {})) Object.assign(file, { sha256: someSum });
  }
  for (const image of Object.values(lock.images)) Object.assign(image, { digest: `sha256:${someSum}` });
  const folder = mkdtempSync(join(tmpdir(), "arm64-"));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, "nemoclaw.lock.json");
  writeFileSync(path, JSON.stringify(lock));
  return path;
}

test.each([
  ["arm64", "aarch64", /amd64|x64|x86_64/],
  ["amd64", "x86_64", /arm64|aarch64/],
] as const)("OpenShell for %s comes from that processor's files", async (arch, own, other) => {
  vi.stubEnv("NEMOCLAW_LOCK_FILE", lockWithSums());
  const found = urls(planned((await installOpenshell.step({ arch } as never)) as never));
  expect(found).toContainEqual(expect.stringMatching(`/openshell-${own}-[^/]+$`));
  expect(found).toContainEqual(expect.stringMatching(`/openshell-gateway-${own}-[^/]+$`));
  expect(found.filter((url) => other.test(url))).toEqual([]);
});
