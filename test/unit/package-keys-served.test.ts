import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { servedKeyGaps } from "../../scripts/package-keys-served.ts";
import { serve } from "../support/npm-registry.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-package-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

/** What the stand-in for the publishers has, by path. */
let served: Record<string, Buffer> = {};
const publisher = await serve((path) => served[path]);
const said: string[] = [];
const asked = (apt: object, offline?: string) =>
  servedKeyGaps({ apt } as Parameters<typeof servedKeyGaps>[0], { say: (what) => void said.push(what), offline });
const docker = (fingerprint: string, uri = publisher) => ({ docker: { uri: `${uri}/linux/`, fingerprint } });
const pinned = "0".repeat(40);

test("without a network, or without gpg, nothing is known of a key, and that is no gap", async () => {
  expect(await asked(docker(pinned), "with --mirror nobody is asked")).toEqual([
    {
      path: "apt.docker",
      message: `the key at ${publisher}/linux/ was not asked for: with --mirror nobody is asked`,
      try: expect.stringContaining("compare the fingerprint with the one that the publisher names"),
      asked: false,
    },
  ]);
  expect(await asked(docker(pinned, "http://127.0.0.1:1"))).toEqual([
    expect.objectContaining({ message: expect.stringContaining("127.0.0.1:1/linux/debian/gpg was"), asked: false }),
    expect.objectContaining({ message: expect.stringContaining("127.0.0.1:1/linux/ubuntu/gpg was"), asked: false }),
  ]);
  served = { "/gpgkey": Buffer.from("a key") };
  const nvidia = { "nvidia-container-toolkit": { uri: publisher, fingerprint: pinned } };
  const sh = execFileSync("sh", ["-c", "command -v sh"], { encoding: "utf8" }).trim();
  mkdirSync(join(folder, "bin"));
  symlinkSync(sh, join(folder, "bin/sh"));
  vi.stubEnv("PATH", join(folder, "bin"));
  expect(await asked(nvidia)).toEqual([
    expect.objectContaining({
      path: "apt.nvidia-container-toolkit",
      message: `the key at ${publisher}/gpgkey was not asked for: there is no gpg here`,
      asked: false,
    }),
  ]);
});

test("a repository that has no key any more is a gap; one of no machine's is named", async () => {
  served = {};
  expect(await asked({ other: { uri: publisher, fingerprint: pinned } })).toEqual([
    expect.objectContaining({ path: "apt.other", asked: false }),
  ]);
  const [debian, ubuntu] = await asked(docker(pinned));
  expect(debian).toEqual({
    path: "apt.docker",
    message: `there is no key at ${publisher}/linux/debian/gpg`,
    try: expect.any(String),
  });
  expect(ubuntu?.message).toContain("/linux/ubuntu/gpg");
});

const gpg = spawnSync("gpg", ["--version"]).status === 0;

describe.skipIf(!gpg)("a key, read by a real gpg", { timeout: 60_000 }, () => {
  const made = (name: string): { key: Buffer; fingerprint: string } => {
    const env = { ...process.env, GNUPGHOME: mkdtempSync(join(folder, "gpg-")) };
    const run = (...args: string[]) => execFileSync("gpg", ["--batch", ...args], { env, stdio: "pipe" });
    run("--passphrase", "", "--quick-generate-key", `${name}@example.invalid`, "ed25519", "sign", "never");
    const key = run("--armor", "--export");
    const [, fingerprint = ""] = /^fpr:+([0-9A-F]{40}):/m.exec(String(run("--with-colons", "--list-keys"))) ?? [];
    execFileSync("sh", ["-c", "gpgconf --kill all"], { env });
    return { key, fingerprint };
  };

  test("is the pinned one, another one, or not the only one", async () => {
    const [one, two] = [made("one"), made("two")];
    served = { "/linux/debian/gpg": one.key, "/linux/ubuntu/gpg": one.key };
    expect(await asked(docker(one.fingerprint))).toEqual([]);
    expect(said.at(-1)).toBe(`comparing the key at ${publisher}/linux/ubuntu/gpg`);

    served["/linux/ubuntu/gpg"] = two.key;
    expect(await asked(docker(one.fingerprint))).toEqual([
      {
        path: "apt.docker",
        message: `the key at ${publisher}/linux/ubuntu/gpg is ${two.fingerprint}, and ${one.fingerprint} is pinned`,
        try: "compare with the fingerprint that the publisher names, before you change the lock file",
      },
    ]);

    served["/linux/ubuntu/gpg"] = Buffer.concat([one.key, two.key]);
    served["/linux/debian/gpg"] = Buffer.from("<html>moved</html>");
    expect((await asked(docker(one.fingerprint))).map(({ message }) => message)).toEqual([
      expect.stringMatching(/debian\/gpg is not exactly one readable key, and /),
      expect.stringMatching(/ubuntu\/gpg is not exactly one readable key, and /),
    ]);
  });
});
