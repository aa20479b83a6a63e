import { access, constants, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { cloneFolder, keptFolder } from "./clone-paths.ts";
import { runProgram } from "./run-program.ts";

/** A Pulumi CLI that works here. */
export interface Cli {
  /** One line for people: version and where it was found. */
  readonly about: string;
  readonly command: readonly string[];
  /** Folders it needs on PATH: Node's and its own, where its language host is. */
  readonly path: readonly string[];
}

export interface CliSearch {
  /** Let npm's `pulumi` package download the CLI when there is none. @default false */
  readonly download?: boolean;
  /** Told before something slow starts. */
  readonly say?: (what: string) => void;
}

// The first CLI that passes a cancel on to the provider plugin.
const oldest = { major: 3, minor: 230 };

/** A Pulumi CLI on PATH, in `~/.pulumi` or through npm's `pulumi` package; else why there is none. */
export async function findCli(search: CliSearch): Promise<Cli | { missing: string }> {
  const refused: string[] = [];
  for (const { program, where } of await installedPrograms()) {
    const found = await inspectCli(program, where);
    if (typeof found !== "string") return found;
    refused.push(found);
  }
  if (refused.length === 0) refused.push("no Pulumi CLI on PATH or in ~/.pulumi");
  if (!search.download) return { missing: refused.join("; ") };
  const downloaded = await downloadCli(search.say ?? (() => {}));
  if (typeof downloaded !== "string") return downloaded;
  return { missing: [...refused, downloaded].join("; ") };
}

async function installedPrograms(): Promise<{ program: string; where: string }[]> {
  // npm adds node_modules/.bin to PATH; its `pulumi` is the downloader, which has its turn later.
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder && !folder.includes("node_modules"));
  const home = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
  const versions = (await readdir(join(home, "versions")).catch(() => [] as string[])).sort(newestFirst);
  const candidates = [
    ...onPath.map((folder) => ({ program: join(folder, "pulumi"), where: "found on PATH" })),
    { program: join(home, "bin", "pulumi"), where: `found in ${home}` },
    ...versions.map((version) => ({
      program: join(home, "versions", version, "bin", "pulumi"),
      where: `found in ${home}`,
    })),
  ];
  const present = await Promise.all(candidates.map(({ program }) => isExecutable(program)));
  return candidates.filter((_, index) => present[index]);
}

function newestFirst(a: string, b: string): number {
  return b.localeCompare(a, "en", { numeric: true });
}

/** The CLI, or why it will not do. */
async function inspectCli(program: string, where: string): Promise<Cli | string> {
  const answer = await runProgram([program, "version"], {
    timeoutSeconds: 30,
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  const version = answer.stdout.trim().replace(/^v/, "");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (answer.exitCode !== 0)
    return `${program} does not run (${firstLine(answer.stderr) || `exit ${answer.exitCode}`})`;
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
    return `${program} is ${version}, older than ${oldest.major}.${oldest.minor}`;
  }
  const folders = [dirname(program), ...(process.env.PATH ?? "").split(delimiter)];
  const hosts = await Promise.all(folders.map((folder) => isExecutable(join(folder, "pulumi-language-nodejs"))));
  if (!hosts.includes(true)) return `${program} has no pulumi-language-nodejs beside it or on PATH`;
  return {
    about: `Pulumi CLI ${version} (${where}: ${program})`,
    command: [program],
    path: [dirname(process.execPath), dirname(program)],
  };
}

// A site without a way to the CLI's download is asked again after a day, not on every command.
const askAgainAfterMs = 24 * 60 * 60 * 1000;

/** Lets npm's `pulumi` package download the CLI it stands for, which it puts into `~/.pulumi/versions`. */
async function downloadCli(say: (what: string) => void): Promise<Cli | string> {
  const note = join(keptFolder, "no-cli-download.json");
  const last = JSON.parse(await readFile(note, "utf8").catch(() => "{}")) as { at?: number; said?: string };
  if (last.at && Date.now() - last.at < askAgainAfterMs)
    return `npm's pulumi package could not download it: ${last.said}`;

  const manifest = join(cloneFolder, "node_modules", "pulumi", "package.json");
  const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
  say(`downloading Pulumi CLI ${version} to ~/.pulumi/versions, through npm's pulumi package`);
  const run = await runProgram([process.execPath, join(dirname(manifest), "run.js"), "version"], {
    timeoutSeconds: 180,
    onLine: say,
  });
  if (run.exitCode === 0) {
    const home = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
    return inspectCli(join(home, "versions", version, "bin", "pulumi"), "downloaded by npm's pulumi package");
  }
  const said = run.exitCode === 124 ? "no end after 180 s" : lastLine(run.stderr);
  await mkdir(keptFolder, { recursive: true });
  await writeFile(note, JSON.stringify({ at: Date.now(), said }));
  return `npm's pulumi package could not download it: ${said}`;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
