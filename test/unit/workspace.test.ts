import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TarFile, tar } from "../../host/local/tar.ts";
import { inspectArchive } from "../../scripts/workspace-archive.ts";
import { exportScript, readLeft, removeLeft, swapWorkspace, workspaceFacts } from "../../scripts/workspace-scripts.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-workspace-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const files = () => {
  const work = join(folder, "work");
  mkdirSync(join(work, "deep", "x".repeat(120)), { recursive: true });
  writeFileSync(join(work, "deep", "x".repeat(120), `${"y".repeat(200)}ä`), "long");
  writeFileSync(join(work, "we ird\nname"), "z".repeat(70_000));
  symlinkSync("/etc/passwd", join(work, "out"));
  return work;
};
const pack = (...words: string[]) => {
  const file = join(folder, "a.tgz");
  execFileSync("tar", ["--create", "--gzip", `--file=${file}`, ...words]);
  return file;
};
const put = (bytes: Uint8Array) => {
  const file = join(folder, "a.tgz");
  writeFileSync(file, bytes);
  return file;
};

describe("an archive that is to be unpacked", () => {
  test.each(["posix", "gnu", "ustar"])("is read through, in tar's %s format", async (format) => {
    const work = files();
    const some = format === "ustar" ? ["we ird\nname", "out"] : ["."];
    const file = pack(`--format=${format}`, "-C", work, ...some);
    const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
    const bytes = format === "ustar" ? 70_000 : 70_004;
    expect(await inspectArchive(file)).toEqual({ sha256, members: format === "ustar" ? 2 : 6, bytes });
  });

  test.each(["../evil", "/etc/evil", "a/../../evil", "./../evil"])("is refused for its member %s", async (path) => {
    const file = put(
      gzipSync(
        tar([
          { path: "fine", content: "x" },
          { path, content: "x" },
        ]),
      ),
    );
    await expect(inspectArchive(file)).rejects.toThrow(`its member "${path}" would land outside the workspace`);
  });

  test("is refused for a name that only a header before it tells", async () => {
    const work = files();
    for (const format of ["posix", "gnu"]) {
      const file = pack(`--format=${format}`, "--transform=s,^deep,../evil,", "-P", "-C", work, "deep");
      await expect(inspectArchive(file), format).rejects.toThrow("outside the workspace");
    }
  });

  test("is refused for a member that goes through a link of its own", async () => {
    const work = files();
    const other = join(folder, "other");
    mkdirSync(join(other, "out"), { recursive: true });
    writeFileSync(join(other, "out", "passwd"), "x");
    const file = pack("-C", work, "out", "-C", other, "out/passwd");
    await expect(inspectArchive(file)).rejects.toThrow('its member "out/passwd" goes through the link out');
  });

  /** A file whose size a header before it tells, as tar writes it from 8 GiB on; the file's own header says another. */
  const large = (size: number, own: number, content: string, change: (member: Buffer) => void = () => {}) => {
    const record = `${`00 size=${size}\n`.length} size=${size}\n`;
    const [header, member] = [
      Buffer.from(tar([{ path: "x", content: record }])),
      Buffer.from(tar([{ path: "big", content }])),
    ];
    header.write("x", 156);
    member.write(`${own.toString(8).padStart(11, "0")}\0`, 124);
    change(member);
    for (const each of [header, member]) {
      const sum = each.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
      each.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    }
    return put(gzipSync(Buffer.concat([header.subarray(0, 1024), member])));
  };

  test("is read by the size that a header before a member tells, as tar reads it", async () => {
    const file = large(5000, 0, "x".repeat(5000));
    expect(await inspectArchive(file)).toMatchObject({ members: 1, bytes: 5000 });
    expect(execFileSync("tar", ["-tzvf", file], { encoding: "utf8" })).toMatch(/ 5000 .* big\n$/);
    // What the member's own header would hide in its content.
    const inner = Buffer.from(tar([{ path: "../evil", content: "x" }])).toString("latin1");
    await expect(inspectArchive(large(0, inner.length, inner))).rejects.toThrow("would land outside the workspace");
  });

  test("is refused for a link with content, which tar takes for the next member", async () => {
    const inner = Buffer.from(tar([{ path: "../evil", content: "x" }])).toString("latin1");
    const asLink = (member: Buffer) => {
      member.write("2", 156);
      member.write("target", 157);
    };
    await expect(inspectArchive(large(inner.length, inner.length, inner, asLink))).rejects.toThrow("or it is damaged");
  });

  test.each<[string, (record: string) => TarFile[], string]>([
    ["a name of a folder with content", () => [{ path: "d/", content: "x".repeat(512) }], "or it is damaged"],
    [
      "a header that renames all members",
      (record) => [{ path: "g", content: record }, { path: "a" }],
      "renames or resizes all of its members",
    ],
  ])("is refused for %s", async (_, members, said) => {
    const bytes = Buffer.from(tar(members("14 path=other\n")));
    bytes.write(bytes[0] === 0x67 ? "g" : "0", 156);
    const sum = bytes.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    await expect(inspectArchive(put(gzipSync(bytes)))).rejects.toThrow(said);
  });

  test("is refused for what is neither file, folder nor link", async () => {
    const bytes = Buffer.from(tar([{ path: "device" }]));
    bytes.write("3", 156);
    const sum = bytes.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    await expect(inspectArchive(put(gzipSync(bytes)))).rejects.toThrow("neither file, folder nor link");
  });

  test.each([
    ["no gzip file", () => Buffer.from("hello"), "not a whole gzip file"],
    [
      "a cut gzip file",
      () => gzipSync(tar([{ path: "a", content: "x".repeat(5000) }])).subarray(0, 60),
      "not a whole gzip file",
    ],
    ["no tar archive", () => gzipSync(Buffer.alloc(2048, "x")), "not a tar archive"],
    [
      "a cut tar archive",
      () => gzipSync(tar([{ path: "a", content: "x".repeat(5000) }]).subarray(0, 2048)),
      "it is cut short",
    ],
    ["nothing at all", () => Buffer.alloc(0), "not a whole gzip file"],
  ])("is refused when it is %s", async (_what, bytes, message) => {
    await expect(inspectArchive(put(bytes()))).rejects.toThrow(message);
  });

  test("is refused when it is not there", async () => {
    await expect(inspectArchive(join(folder, "none"))).rejects.toThrow("it cannot be read: ENOENT");
  });
});

describe("on the machine", () => {
  test("an export lets everything go on, whatever happens, and gives the same bytes for the same files", () => {
    const work = files();
    const script = exportScript(work, {
      hold: `echo held >>${folder}/said`,
      release: `echo released >>${folder}/said`,
    });
    const archives = [1, 2].map(() => execFileSync("sh", ["-s"], { input: script }));
    expect(archives[0]?.equals(archives[1] as Buffer)).toBe(true);
    rmSync(work, { recursive: true });
    expect(() => execFileSync("sh", ["-s"], { input: script, stdio: "pipe" })).toThrow();
    expect(readFileSync(join(folder, "said"), "utf8")).toBe("held\nreleased\n".repeat(2));
  });

  describe("an import", () => {
    const unpackedAt = (work: string, name = "abc") => {
      const unpacked = `${work}.import.${name}`;
      mkdirSync(unpacked);
      writeFileSync(join(unpacked, "new"), "new");
      return unpacked;
    };
    const sh = (script: string) => execFileSync("sh", ["-eu", "-c", script], { encoding: "utf8" });
    const tidied = (work: string, unpacked: string, stand = "") => {
      const left = readLeft(sh(stand + removeLeft(work, unpacked).script));
      const [gone, aside] = [left.gone, left.aside].map((folders) => folders.map((path) => basename(path)));
      return { unused: left.unused, gone, aside, there: readdirSync(folder).sort() };
    };
    const inPlace = (work: string) => readdirSync(work).includes("new");
    const cannotRemove = "rm() { :; }\n";

    test("exchanges files whole, and a workspace with files in it is known", () => {
      const work = files();
      const unpacked = unpackedAt(work);
      const look = () => {
        const { script, parse } = workspaceFacts(work);
        return parse({ stdout: sh(script), exitCode: 0 });
      };
      expect(look()).toEqual({ entries: 3 });
      sh(swapWorkspace(work, unpacked).script);
      expect(look()).toEqual({ entries: 1 });
      expect(readFileSync(join(work, "new"), "utf8")).toBe("new");
      expect(tidied(work, unpacked)).toEqual({ unused: false, gone: [], aside: [], there: ["work"] });
    });

    test("names the files of before that could not be removed, and the next one removes them", () => {
      const work = files();
      const first = unpackedAt(work);
      sh(swapWorkspace(work, first).script);
      const there = ["work", "work.import.abc.gone"];
      expect(tidied(work, first, cannotRemove)).toEqual({
        unused: false,
        gone: ["work.import.abc.gone"],
        aside: [],
        there,
      });
      const second = unpackedAt(work, "def");
      sh(swapWorkspace(work, second).script);
      expect(tidied(work, second)).toEqual({ unused: false, gone: [], aside: [], there: ["work"] });
    });

    test.each([
      ["nothing was moved", 0, false],
      ["the files of before were moved away", 1, false],
      ["the new ones were in their place", 2, true],
    ])("that was stopped when %s leaves the one or the other whole", (_, moves, done) => {
      const work = files();
      const unpacked = unpackedAt(work);
      sh(swapWorkspace(work, unpacked).script.split("\n").slice(0, moves).join("\n"));
      expect(tidied(work, unpacked)).toEqual({ unused: !done, gone: [], aside: [], there: ["work"] });
      expect(inPlace(work)).toBe(done);
    });

    test("that was stopped half-way takes nothing away from under what has come into its place since", () => {
      const work = files();
      const unpacked = unpackedAt(work);
      sh(swapWorkspace(work, unpacked).script.split("\n")[0] ?? "");
      mkdirSync(work);
      const before = "work.import.abc.before";
      expect(tidied(work, unpacked)).toEqual({ unused: true, gone: [], aside: [before], there: ["work", before] });
    });
  });
});
