import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { cloneFolder, keptFolder } from "./clone-paths.ts";
import { isExecutable } from "./executable.ts";
import { usersPulumiHome } from "./pulumi-home.ts";
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
  /** Around the download, told the folder that it makes. */
  readonly bringing?: <T>(folder: string, work: () => Promise<T>) => Promise<T>;
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
  const downloaded = await downloadCli(search);
  if (typeof downloaded !== "string") return downloaded;
  return { missing: [...refused, downloaded].join("; ") };
}

async function installedPrograms(): Promise<{ program: string; where: string }[]> {
  // npm adds node_modules/.bin to PATH; its `pulumi` is the downloader, which has its turn later.
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder && !folder.includes("node_modules"));
  const home = usersPulumiHome();
  const versions = (await readdir(join(home, "versions")).catch(() => [] as string[])).sort(newestFirst);
  const candidates = [
    ...onPath.map((folder) => ({ program: join(folder, "pulumi"), where: "found on PATH" })),
    { program: join(home, "bin", "pulumi"), where: `found in ${home}` },
    ...versions.map((version) => ({
      program: join(home, "versions", version, "bin", "pulumi"),
      where: `found in ${home}`,
    })),
  ];
  return candidates.filter(({ program }) => isExecutable(program));
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
  if (!/^\d/.test(version)) return `${program} does not say which version it is (${version || "it prints nothing"})`;
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
    return `${program} is ${version}, older than ${oldest.major}.${oldest.minor}`;
  }
  const folders = [dirname(program), ...(process.env.PATH ?? "").split(delimiter)];
  if (!folders.some((folder) => isExecutable(join(folder, "pulumi-language-nodejs")))) {
    return `${program} has no pulumi-language-nodejs beside it or on PATH`;
  }
  return {
    about: `Pulumi CLI ${version} (${where}: ${program})`,
    command: [program],
    path: [dirname(process.execPath), dirname(program)],
  };
}

// A site without a way to the CLI's download is asked again after a day, not on every command.
const askAgainAfterMs = 24 * 60 * 60 * 1000;

/** What npm's `pulumi` package would bring: the CLI it stands for, in a folder of its own in `~/.pulumi/versions`. */
export interface CliDownload {
  readonly version: string;
  readonly folder: string;
}

/** The download that would be tried now, or why none would. */
export async function nextDownload(): Promise<CliDownload | string> {
  const last = JSON.parse(await readFile(failureNote, "utf8").catch(() => "{}")) as { at?: number; said?: string };
  if (last.at && Date.now() - last.at < askAgainAfterMs) return couldNot(last.said);
  const { version } = JSON.parse(await readFile(join(npmPackage, "package.json"), "utf8")) as { version: string };
  return { version, folder: join(usersPulumiHome(), "versions", version) };
}

async function downloadCli({ say = () => {}, bringing = (_, work) => work() }: CliSearch): Promise<Cli | string> {
  const next = await nextDownload();
  if (typeof next === "string") return next;
  const { version, folder } = next;
  say(`downloading Pulumi CLI ${version} to ${folder}, through npm's pulumi package`);
  const run = await bringing(folder, () =>
    runProgram([process.execPath, join(npmPackage, "run.js"), "version"], {
      env: { ...process.env, PULUMI_VERSION: version },
      timeoutSeconds: 180,
      onLine: say,
    }),
  );
  if (run.exitCode === 0) return inspectCli(join(folder, "bin", "pulumi"), "downloaded by npm's pulumi package");
  const said = run.exitCode === 124 ? "no end after 180 s" : lastLine(run.stderr);
  await mkdir(keptFolder, { recursive: true });
  await writeFile(failureNote, JSON.stringify({ at: Date.now(), said }));
  return couldNot(said);
}

const failureNote = join(keptFolder, "no-cli-download.json");
const npmPackage = join(cloneFolder, "node_modules", "pulumi");
const couldNot = (said?: string) => `npm's pulumi package could not download it: ${said}`;

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
