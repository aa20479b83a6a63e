import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Command } from "../../host/command.ts";
import type { Host } from "../../host/host.ts";
import { probe } from "../../host/runtimes/embedded/probe.ts";
import { putProgram } from "../support/stand-ins.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-probe-"));
const at = (name: string) => join(folder, name);
const marks = (name: string) => readdirSync(at(name)).filter((file) => file.startsWith(".nemoclaw-probe-"));
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  for (const name of ["open", "shut", "programs"]) {
    rmSync(at(name), { recursive: true, force: true });
    mkdirSync(at(name));
  }
  program("node", "exit 0");
  program("systemctl", `echo ${process.pid}`);
});

function program(name: string, script: string): void {
  putProgram(at("programs"), name, script);
}

/** A stand-in for a machine with a sandbox that confines nothing: what is run inside runs here. `between` is before anybody looks outside. */
function open(between: () => void = () => {}): Host {
  const run = async ({ script }: Command) => {
    const [, words] = / --sandbox main -- (.*)$/s.exec(script) ?? [];
    if (words === undefined) between();
    const env = { PATH: `${at("programs")}:${process.env.PATH}` };
    const { stdout, stderr, status } = spawnSync("sh", ["-euc", words ?? script], { encoding: "utf8", env });
    return { stdout, stderr, exitCode: status ?? 1 };
  };
  return { run } as Partial<Host> as Host;
}

const policy = (paths: { read_only?: string[]; read_write?: string[] }) => ({
  version: 1 as const,
  filesystem_policy: { read_only: ["/var", "/run", "/srv", "/opt", "/home"], ...paths },
});
const onlyOf = (gaps: unknown, name: string) =>
  (gaps === true ? [] : (gaps as { path: string; message: string }[]))
    .filter(({ path }) => path.includes(at(name)))
    .map(({ path, message }) => `${path.replace(at(name), name)}: ${message}`);

describe("what a policy says of the disk is tried", () => {
  test("a folder that takes a write which is there outside holds, and nothing of it is left", async () => {
    const gaps = await probe(open(), "main", policy({ read_write: [at("open")] }));
    expect(onlyOf(gaps, "open")).toEqual([]);
    expect(marks("open")).toEqual([]);
  });

  test("a writable folder that takes none is named", async () => {
    const gaps = await probe(open(), "main", policy({ read_write: [at("open"), at("none")] }));
    expect(onlyOf(gaps, "none")).toEqual([
      "filesystem_policy.read_write none: took no write; the agent runs as nemoclaw-sandbox",
    ]);
  });

  test("a write that went nowhere is named for a writable folder, and is nothing for a read-only one", async () => {
    const vanish = () => {
      for (const name of ["open", "shut"]) for (const mark of marks(name)) rmSync(at(`${name}/${mark}`));
    };
    const tried = policy({ read_only: [at("shut")], read_write: [at("open")] });
    const gaps = await probe(open(vanish), "main", tried);
    expect(onlyOf(gaps, "open")).toEqual([
      "filesystem_policy.read_write open: a file written inside is not there outside",
    ]);
    expect(onlyOf(gaps, "shut")).toEqual([]);
  });

  test("a read-only folder or file that takes a write is named", async () => {
    writeFileSync(at("shut/file"), "as it was");
    const gaps = await probe(open(), "main", policy({ read_only: [at("shut"), at("shut/file")] }));
    expect(onlyOf(gaps, "shut")).toEqual([
      "filesystem_policy.read_only shut: took a write",
      "filesystem_policy.read_only shut/file: took a write",
    ]);
    expect(marks("shut")).toEqual([]);
  });

  test("a folder in neither list that takes a write is named", async () => {
    const gaps = await probe(open(), "main", { version: 1, filesystem_policy: { read_write: [at("open")] } });
    expect(gaps).toContainEqual({
      accept: "enforcement",
      path: "filesystem_policy, unlisted /var/tmp",
      message: "took a write",
    });
  });

  test("a folder inside a listed one counts as listed, and what the kernel gives is not tried", async () => {
    const listed = policy({ read_only: ["/"], read_write: ["/dev/null", "/proc"] });
    expect(
      JSON.stringify(
        await probe(
          open(() => {}),
          "main",
          listed,
        ),
      ),
    ).not.toMatch(/unlisted|dev|proc/);
  });

  test("a sandbox in which nothing runs is one gap, not one for each folder", async () => {
    const dead = { run: async () => ({ stdout: "", stderr: "no such sandbox", exitCode: 125 }) };
    expect(await probe(dead as Partial<Host> as Host, "main", policy({ read_write: [at("open")] }))).toEqual([
      { accept: "enforcement", path: "sandbox", message: "nothing could be run inside: no such sandbox" },
    ]);
  });
});
