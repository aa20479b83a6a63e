import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { describe, expect, it } from "vitest";
import { debianSources } from "../../host/local/apt-sources.ts";
import { trustFiles } from "../../host/local/certificates.ts";
import { withHeartbeat } from "../../host/local/heartbeat.ts";
import { isOwnedBy, ownerLabels, requireOwned } from "../../host/local/labels.ts";
import { tar } from "../../host/local/tar.ts";

describe("the sources a base image is made from", () => {
  const deb822 = `# a comment
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`;

  it.each([
    ["no Debian here", [], undefined],
    ["nothing for Debian's own release", ["deb http://other.example/x stable main\n"], "bookworm"],
    ["switched off", [`Enabled: no\n${deb822.split("\n\n")[0]}`], "bookworm"],
    ["a local folder", ["deb file:/srv/debian bookworm main\n"], "bookworm"],
  ])("are Debian's usual ones: %s", (_, files, codename) => {
    expect(debianSources("bookworm", files, codename)).toEqual([
      "deb http://deb.debian.org/debian bookworm main",
      "deb http://deb.debian.org/debian bookworm-updates main",
      "deb http://deb.debian.org/debian-security bookworm-security main",
    ]);
  });

  it.each([
    ["both files", [deb822], "bookworm"],
    [
      "one-line entries of another release",
      [
        "# deb http://no.example/debian trixie main\ndeb [arch=amd64 signed-by=/x.gpg] http://mirror.example/debian trixie main contrib\n",
        "deb http://mirror.example/debian-security/ trixie-security main\n",
      ],
      "trixie",
    ],
  ])("are the computer's own mirror: %s", (_, files, codename) => {
    expect(debianSources("bookworm", files, codename)).toEqual([
      "deb http://mirror.example/debian bookworm main",
      "deb http://mirror.example/debian bookworm-updates main",
      "deb http://mirror.example/debian-security bookworm-security main",
    ]);
  });

  it("do without security updates where a private mirror has none", () => {
    const lines = debianSources("bookworm", ["deb https://mirror.example/debian bookworm main"], "bookworm");
    expect(lines).toEqual([
      "deb https://mirror.example/debian bookworm main",
      "deb https://mirror.example/debian bookworm-updates main",
    ]);
  });
});

describe("a small archive", () => {
  it("is what tar unpacks: folders, modes, bytes, names that are not ASCII", () => {
    const folder = mkdtempSync(join(tmpdir(), "nemoclaw-tar-"));
    const bytes = Buffer.from(Array.from({ length: 1300 }, (_, i) => i % 256));
    const archive = tar([
      { path: "a/" },
      { path: "a/key", content: "secret\n", mode: 0o600 },
      { path: "a/empty" },
      { path: "a/bytes-é", content: bytes },
    ]);
    execFileSync("tar", ["-xf", "-", "-C", folder], { input: archive });
    expect(readFileSync(join(folder, "a/key"), "utf8")).toBe("secret\n");
    expect(statSync(join(folder, "a/key")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "a/empty")).size).toBe(0);
    expect(readFileSync(join(folder, "a/bytes-é"))).toEqual(bytes);
    const owners = execFileSync("tar", ["-tvf", "-", "--numeric-owner"], { input: archive, encoding: "utf8" });
    expect(
      owners
        .trim()
        .split("\n")
        .map((line) => line.split(/\s+/)[1]),
    ).toEqual(["0/0", "0/0", "0/0", "0/0"]);
    rmSync(folder, { recursive: true });
  });

  it("refuses a path too long for its format", () => {
    expect(() => tar([{ path: "x".repeat(101) }])).toThrow("at most 100 bytes");
  });
});

describe("authorities for a machine", () => {
  const [known = "", other = ""] = rootCertificates;

  it("are those of a bundle that it does not trust anyway, each once", () => {
    const own = other.replace("MII", "MIJ");
    const wrapped = `# Our own\n${own.replaceAll("\n", "\r\n")}\n`;
    const found = trustFiles(`${known}\n${wrapped}\n${own}\n`, `${known}\n${other}\n`);
    const name = found[0]?.path.match(/^usr\/local\/share\/ca-certificates\/(nemoclaw-[0-9a-f]{16})\.crt$/)?.[1];
    expect(found.map(({ path }) => path).slice(1)).toEqual([
      `etc/ssl/certs/${name}.pem`,
      "etc/ssl/certs/ca-certificates.crt",
      "etc/nemoclaw-machine/trust-pending",
    ]);
    expect(found[2]?.content).toBe(`${known}\n${other}\n${own}\n`);
  });

  it("are none where all are known", () => {
    expect(trustFiles(known, `${other}\n${known}`)).toEqual([]);
    expect(trustFiles("", known)).toEqual([]);
  });
});

describe("owners", () => {
  const owner = { project: "p", stack: "s", installation: "i" };

  it("own what carries all three labels", () => {
    expect(isOwnedBy(owner, { ...ownerLabels(owner), other: "x" })).toBe(true);
    expect(isOwnedBy(owner, { ...ownerLabels(owner), "nemoclaw.stack": "t" })).toBe(false);
    expect(isOwnedBy(owner, null)).toBe(false);
  });

  it("are named when a thing is somebody else's", () => {
    const theirs = ownerLabels({ ...owner, stack: "prod" });
    expect(() => requireOwned(owner, "volume", "v", theirs)).toThrow(
      /volume v .* project p, stack prod, installation i/,
    );
    expect(() => requireOwned(owner, "volume", "v", {})).toThrow(/none of our labels[\s\S]*docker volume rm v/);
  });
});

describe("a heartbeat", () => {
  it("tells what goes on, and stops with the work", async () => {
    const lines: string[] = [];
    const work = async (said: (line: string) => void) => {
      said("unpacking");
      await expect.poll(() => lines.length).toBeGreaterThan(0);
      return 7;
    };
    expect(await withHeartbeat("making", (line) => lines.push(line), work, 0.05)).toBe(7);
    expect(lines[0]).toBe("making: 0 s, unpacking");
    expect(lines.at(-1)).toMatch(/^making: done in \d+ s$/);
    await expect(
      withHeartbeat(
        "failing",
        () => {},
        () => Promise.reject(new Error("no")),
      ),
    ).rejects.toThrow("no");
  });
});
