import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { describe, expect, it } from "vitest";
import { newKeyPair } from "../../host/openssh-key.ts";

describe("a new SSH key", () => {
  it("is whole every time, also when its first byte is zero", () => {
    const lengths = new Set<number>();
    let zeros = 0;
    for (let i = 0; i < 3000; i++) {
      const pair = newKeyPair();
      const blob = Buffer.from(pair.public.split(" ")[1] ?? "", "base64");
      lengths.add(blob.length);
      if (blob[19] === 0) zeros++;
      if (i < 20 || blob[19] === 0) expect(parsed(pair.private)).toBe(blob.toString("base64"));
    }
    expect([...lengths]).toEqual([51]);
    expect(zeros).toBeGreaterThan(0);
  });

  it("is read by OpenSSH, with its comment", (test) => {
    if (spawnSync("ssh-keygen", ["-?"]).error) test.skip("ssh-keygen is not installed");
    const folder = mkdtempSync(join(tmpdir(), "nemoclaw-key-"));
    const pair = newKeyPair("operator of démo");
    writeFileSync(join(folder, "key"), pair.private, { mode: 0o600 });
    const shown = execFileSync("ssh-keygen", ["-y", "-f", join(folder, "key")], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect(shown.trim()).toBe(pair.public);
  });

  it("takes no second line along", () => {
    expect(() => newKeyPair('x\ncommand="id" ssh-rsa A')).toThrow("one line");
  });
});

function parsed(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return key.getPublicSSH().toString("base64");
}
