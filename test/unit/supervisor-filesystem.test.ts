import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { access, type Disk, type FilesystemPolicy } from "../../services/sandbox-supervisor/filesystem.ts";

/** A disk that holds these folders and what is above them; a value is where a link leads. */
function diskOf(paths: readonly string[], links: Readonly<Record<string, string>> = {}): Disk {
  const all = new Set(["/"]);
  for (const path of [...paths, ...Object.keys(links)]) {
    const parts = path.split("/").slice(1);
    for (let depth = 1; depth <= parts.length; depth += 1) all.add(`/${parts.slice(0, depth).join("/")}`);
  }
  return {
    real: (path) => links[path] ?? (all.has(path) ? path : undefined),
    list: (folder) => {
      const prefix = folder === "/" ? "/" : `${folder}/`;
      const below = [...all].filter((path) => path.startsWith(prefix) && path !== folder);
      return [...new Set(below.map((path) => path.slice(prefix.length).split("/")[0] ?? ""))];
    },
  };
}

const state = "/var/lib/nemoclaw/main/agent";
const hidden = ["/var/lib/nemoclaw", "/etc/nemoclaw"];
const disk = diskOf(
  [
    "/usr/bin",
    "/etc/ssl/certs",
    "/sandbox/config",
    "/tmp",
    "/var/log/apt",
    "/var/lib/dpkg",
    "/dev/null",
    "/proc",
    "/etc/nemoclaw/main",
    "/var/lib/nemoclaw/other",
    "/var/lib/nemoclaw/need",
    state,
  ],
  { "/lib": "/usr/lib" },
);

function translate(policy: FilesystemPolicy, needed: readonly string[] = ["/usr"]) {
  const needs = needed.map((path) => ({ path, reason: "a test's need" }));
  return access({ policy, needs, state: [state], workspace: "/sandbox", hidden, disk });
}

describe("the filesystem policy in sandbox-runtime's words", () => {
  test("what is listed is there, and nothing else", () => {
    expect(translate({ include_workdir: true, read_only: ["/etc"], read_write: ["/tmp"] })).toEqual({
      allowRead: ["/etc", "/usr"],
      allowWrite: ["/sandbox", "/tmp", state],
      denyWrite: [],
      denyRead: hidden,
      skipped: [],
    });
  });

  test("the workspace is not there unless it is listed", () => {
    const { allowRead, allowWrite } = translate({});
    expect({ allowRead, allowWrite }).toEqual({ allowRead: ["/usr"], allowWrite: [state] });
  });

  test("what does not exist and what the kernel gives is left out, and said", () => {
    const { skipped } = translate({ read_only: ["/app", "/proc", "/dev/urandom"], read_write: ["/dev/null"] });
    expect(skipped).toEqual([
      { path: "/dev/null", reason: expect.stringContaining("its own /dev") },
      { path: "/app", reason: "does not exist" },
      { path: "/proc", reason: expect.stringContaining("its own /dev") },
      { path: "/dev/urandom", reason: expect.stringContaining("its own /dev") },
    ]);
  });

  test("a link is taken for what it leads to", () => {
    expect(translate({ read_only: ["/lib"] }, []).allowRead).toEqual(["/usr/lib"]);
  });

  test("a readable folder above a writable one is listed child by child", () => {
    const { allowRead } = translate({ read_only: ["/var"] });
    expect(allowRead).toEqual(["/usr", "/var/lib/dpkg", "/var/log"]);
  });

  test("the whole disk is listed child by child, without what the kernel gives", () => {
    const { allowRead } = translate({ include_workdir: true, read_only: ["/"] }, []);
    expect(allowRead).toEqual(["/etc", "/lib", "/tmp", "/usr", "/var/lib/dpkg", "/var/log"]);
  });

  test("a read-only folder inside a writable one stays read-only", () => {
    const { allowWrite, denyWrite } = translate({ read_only: ["/sandbox/config"], read_write: ["/sandbox"] });
    expect({ allowWrite, denyWrite }).toEqual({ allowWrite: ["/sandbox", state], denyWrite: ["/sandbox/config"] });
  });

  test("what no list can say is refused", () => {
    const deep = diskOf(["/sandbox/a/b", state]);
    const policy = { read_only: ["/sandbox/a"], read_write: ["/sandbox", "/sandbox/a/b"] };
    expect(() => access({ policy, needs: [], state: [state], workspace: "/sandbox", hidden, disk: deep })).toThrow(
      "/sandbox/a/b cannot be writable inside the read-only /sandbox/a",
    );
  });

  test("no policy opens the deployment's own folders, however it is spelled", () => {
    const asked = ["/", "/var/lib/nemoclaw", "/etc/nemoclaw/main", "/var/lib/nemoclaw/other"];
    const { allowRead, denyRead, skipped } = translate({ read_only: asked }, ["/usr", "/var/lib/nemoclaw/need"]);
    expect(allowRead.filter((path) => path.includes("nemoclaw"))).toEqual(["/var/lib/nemoclaw/need"]);
    expect(denyRead).toEqual(hidden);
    expect(skipped.map(({ path }) => path)).toEqual(asked.slice(1));
  });

  test("a path in both lists is writable", () => {
    expect(translate({ read_only: ["/tmp"], read_write: ["/tmp"] }).denyWrite).toEqual([]);
  });

  test("nothing writable ever lies below something readable", () => {
    const path = fc
      .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 })
      .map((parts) => `/${parts.join("/")}`);
    fc.assert(
      fc.property(fc.array(path), fc.array(path), fc.array(path), (files, read_only, read_write) => {
        const disk = diskOf([...files, ...read_only, ...read_write]);
        const request = { needs: [], state: [], workspace: "/sandbox", hidden: [], disk };
        let result: ReturnType<typeof access>;
        try {
          result = access({ policy: { read_only, read_write }, ...request });
        } catch (error) {
          expect(String(error)).toContain("cannot be writable");
          return;
        }
        for (const readable of result.allowRead) {
          for (const writable of result.allowWrite) {
            expect(writable === readable || writable.startsWith(`${readable}/`)).toBe(false);
          }
        }
      }),
    );
  });
});
