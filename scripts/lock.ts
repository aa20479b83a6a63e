import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { parse } from "yaml";
import { type Lock, lockPath, readLock } from "../host/lock.ts";
import { type LockGap, lockGaps } from "../host/lock-check.ts";
import { refreshArtifact } from "../host/lock-refresh.ts";
import { cloneFolder } from "./clone-paths.ts";
import { runScript } from "./stack-command.ts";

const readFile = (path: string) => readFileSync(resolve(cloneFolder, path), "utf8");
let exitCode = 0;

const program = new Command("scripts/lock")
  .description("What machines download, pinned in nemoclaw.lock.json. Exit codes: 0 fine, 1 error, 2 gaps, 64 usage.")
  .exitOverride();

program
  .command("list", { isDefault: true })
  .description("print every pinned thing")
  .option("--json", "print it as JSON")
  .action(({ json }: { json?: boolean }) => {
    const lock = readLock();
    console.log(json ? JSON.stringify(lock, null, 2) : describe(lock));
  });

program
  .command("check")
  .description("tell what is not pinned, without a network")
  .option("--json", "print it as JSON")
  .action(({ json }: { json?: boolean }) => {
    const gaps = lockGaps(readLock(), readFile);
    const used = usedRuntimes();
    const [needed, idle] = [true, false].map((is) =>
      gaps.filter(({ runtime }) => (runtime === undefined || used.has(runtime)) === is),
    ) as [LockGap[], LockGap[]];
    if (json) console.log(JSON.stringify(gaps, null, 2));
    else {
      console.log(
        needed.length === 0 ? "Everything that a stack here needs is pinned." : needed.map(printGap).join("\n"),
      );
      const kinds = new Set(idle.map(({ runtime }) => runtime));
      for (const kind of kinds) {
        const count = idle.filter(({ runtime }) => runtime === kind).length;
        console.log(
          `Not pinned and not needed by any stack here, only by runtime.kind ${kind}: ${count} things. ${idle[0]?.try}`,
        );
      }
    }
    exitCode = needed.length === 0 ? 0 : 2;
  });

program
  .command("refresh")
  .description("download an artifact and write its checksums into nemoclaw.lock.json")
  .argument("<name>", "an artifact: node, npm, cloudflared")
  .option("--version <version>", "move to this version")
  .option("--npm <url>", "npm registry to download from")
  .option("--artifacts <url>", "mirror in place of https://github.com")
  .option("--json", "print what changed as JSON")
  .action(async (name: string, options: { version?: string; npm?: string; artifacts?: string; json?: boolean }) => {
    const before = readLock();
    const { version, npm, artifacts, json } = options;
    const say = (what: string) => console.error(what);
    const { lock, files } = await refreshArtifact(before, name, { version, mirrors: { npm, artifacts }, say });
    const text = `${JSON.stringify(lock, null, 2)}\n`;
    if (text !== readFileSync(lockPath, "utf8")) writeFileSync(fileURLToPath(lockPath), text);
    if (json) console.log(JSON.stringify(files, null, 2));
    for (const { path, before: old, after, published } of json ? [] : files) {
      const compared = published ? `as published at ${published}` : "compare it with what the publisher names";
      console.log(`${path}\n  ${old === after ? "unchanged" : "new"}  ${after}\n  ${compared}`);
    }
  });

function describe({ artifacts, images, apt, npm }: Lock): string {
  const rows = [
    ...Object.entries(artifacts).flatMap(([name, { version, files }]) =>
      Object.entries(files).map(([platform, { sha256 }]) => [name, version, platform, sha256 ?? "NOT PINNED"]),
    ),
    ...Object.entries(images).map(([ref, { digest }]) => [ref, "", "image", digest ?? "NOT PINNED"]),
    ...Object.entries(apt).map(([name, { uri, fingerprint }]) => [name, "", "apt", `${fingerprint}  ${uri}`]),
    ...Object.entries(npm).map(([name, { lockfile }]) => [name, "", "npm", lockfile]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}

/** The runtimes that the stacks of this clone have. */
function usedRuntimes(): Set<string> {
  const files = readdirSync(resolve(cloneFolder, "stacks")).filter((file) => /^Pulumi\..+\.yaml$/.test(file));
  const kinds = files.map((file) => {
    const { config } = (parse(readFile(`stacks/${file}`)) ?? {}) as { config?: Record<string, { kind?: string }> };
    return config?.["nemoclaw:runtime"]?.kind;
  });
  return new Set(kinds.filter((kind) => kind !== undefined));
}

function printGap({ path, message, try: hint }: LockGap): string {
  return `${path}\n  ${message}\n  try   ${hint}`;
}

await runScript(async () => {
  await program.parseAsync();
  return exitCode;
});
