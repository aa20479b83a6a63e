import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { expect } from "vitest";
import type { Lock } from "../../host/lock.ts";
import { arch } from "./container-machine.ts";
import type { LocalStack } from "./local-stack.ts";

const exec = promisify(execFile);
const programs = ["openshell", "openshell-gateway", "openshell-sandbox"] as const;

/** Where a real build of OpenShell is, by an environment variable, or why the tests that need one are skipped. */
export function openshellBuild(variable = "OPENSHELL_BIN_DIR"): { readonly folder: string; readonly skip?: string } {
  const folder = process.env[variable] ?? "";
  if (folder === "") return { folder, skip: `${variable} does not name a folder with a build of OpenShell` };
  const missing = programs.filter((program) => !existsSync(join(folder, program)));
  return missing.length === 0 ? { folder } : { folder, skip: `${variable} has no ${missing.join(", ")}` };
}

export interface OpenshellMirror {
  /** As the build says. */
  readonly version: string;
  /** Names the build's files and nothing else of OpenShell. */
  readonly lockFile: string;
  /** Puts the files where a machine looks for them: `file:///srv/mirror`. */
  readonly copyTo: (container: string) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Brings a stack up whose machine finds its releases in a mirror on it: the first run makes the machine, and the second goes on. */
export async function upFromMirrors(stack: LocalStack, mirrors: readonly OpenshellMirror[]): Promise<void> {
  const first = await stack.script("quickstart");
  expect(first.stdout + first.stderr).toContain("nemoclaw:mirrors");
  const machine = String((await stack.state()).find("nemoclaw:local:Machine")?.id);
  for (const { copyTo } of mirrors) await copyTo(machine);
  const { exitCode, stdout, stderr } = await stack.script("quickstart");
  expect(exitCode, stdout + stderr).toBe(0);
}

/** Packs a real build as a release would be, with the supervisor as an image archive, and pins it in a lock file of its own. */
export async function openshellMirror(folder: string): Promise<OpenshellMirror> {
  const { stdout } = await exec(join(folder, "openshell"), ["--version"], { env: { ...process.env, HOME: tmpdir() } });
  const version = stdout.trim().split(" ")[1] ?? "";
  const root = await mkdtemp(join(tmpdir(), "nemoclaw-openshell-"));
  const release = `NVIDIA/OpenShell/releases/download/v${version}`;
  const target = join(root, release);
  await mkdir(target, { recursive: true });
  const packed: Record<string, { url: string; sha256: string }> = {};
  for (const program of programs.slice(0, 2)) {
    const file = `${program}.tar.gz`;
    await exec("tar", ["-czf", join(target, file), "-C", folder, program]);
    packed[program] = { url: `{artifacts}/${release}/${file}`, sha256: await sha256(join(target, file)) };
  }
  await supervisorArchive(join(folder, "openshell-sandbox"), join(target, "supervisor.tar"));

  const lock = JSON.parse(await readFile("nemoclaw.lock.json", "utf8")) as Lock;
  const platform = `linux-${arch}`;
  for (const [name, file] of Object.entries(packed)) {
    lock.artifacts[name] = { version, files: { [platform]: file } };
  }
  const archive = {
    url: `{artifacts}/${release}/supervisor.tar`,
    sha256: await sha256(join(target, "supervisor.tar")),
  };
  lock.images = {
    [`ghcr.io/nvidia/openshell/supervisor:${version}`]: { digest: null, archives: { [platform]: archive } },
  };
  const lockFile = join(root, "nemoclaw.lock.json");
  await writeFile(lockFile, JSON.stringify(lock));
  return {
    version,
    lockFile,
    async copyTo(container) {
      await exec("docker", ["exec", container, "mkdir", "-p", "/srv/mirror"]);
      await exec("docker", ["cp", join(root, "NVIDIA"), `${container}:/srv/mirror/`]);
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** An image that is the one program, as the published supervisor image is, saved as `docker save` does. */
async function supervisorArchive(program: string, to: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "nemoclaw-supervisor-"));
  const image = `nemoclaw-test-supervisor:${basename(folder).toLowerCase()}`;
  try {
    await copyFile(program, join(folder, "openshell-sandbox"));
    await exec("tar", ["-cf", join(folder, "tree.tar"), "-C", folder, "openshell-sandbox"]);
    await exec("docker", ["import", "--change", 'ENTRYPOINT ["/openshell-sandbox"]', join(folder, "tree.tar"), image]);
    await exec("docker", ["save", "--output", to, image]);
  } finally {
    await exec("docker", ["image", "rm", "--force", image]).catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
