import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Connection } from "../host/connection.ts";
import { HostError } from "../host/errors.ts";
import { rootLine } from "../host/root.ts";
import { describeStopped, stoppedFacts } from "../host/stopped.ts";
import { findChosen, sandboxCommand } from "./chosen-sandbox.ts";
import { exchangeWorkspace } from "./exchange-workspace.ts";
import { connectToOurs, ExitError, runScript, type Standing } from "./stack-command.ts";
import { ArchiveError, inspectArchive } from "./workspace-archive.ts";
import { exportScript, receiveScript, workspaceFacts } from "./workspace-scripts.ts";

interface Options {
  readonly stack: string;
  readonly force?: boolean;
  readonly replace?: boolean;
  readonly sha256?: string;
  readonly json?: boolean;
}

const program = sandboxCommand(
  "workspace",
  "Moves the agent's files out of a stack's sandbox, or into it, with a checksum.",
)
  .argument("<what>", "export or import")
  .argument("<file>", "the archive, a gzipped tar; its checksum is beside it, in <file>.sha256")
  .option("--force", "export: write over a file that is there")
  .option("--replace", "import: in the place of files that are in the workspace; they are gone then")
  .option("--sha256 <hex>", "import: the checksum it must have, where there is no <file>.sha256")
  .option("--json", "print {file, sha256, …}")
  .addHelpText(
    "after",
    `
While an export runs everything inside the sandbox stands still, and goes on afterwards; a turn then takes longer. An import is
unpacked beside the workspace by the agent's own user; only then is the agent taken down, the files exchanged, and the agent
started again, also when the exchange fails, unless the environment is stopped on purpose. Links are kept and never followed.

Exit codes: 0 done, 1 error, or files of before that could not be removed, 64 usage, 130 cancelled.`,
  );

await runScript(async () => {
  program.parse();
  const options = program.opts<Options>();
  const [what = "", file = ""] = program.args;
  if (what !== "export" && what !== "import")
    throw new ExitError(`scripts/workspace exports or imports, not ${what}`, 64);
  const standing = await findChosen(program);
  return what === "export" ? exportTo(file, standing, options) : importFrom(file, standing, options);
});

function folderOf({ state }: Standing): string {
  const path = state.find("nemoclaw:host:Workspace")?.outputs.path;
  if (typeof path === "string") return path;
  throw new ExitError("the stack's state has no workspace\n  try   scripts/pulumi up", 1);
}

async function exportTo(file: string, standing: Standing, { force, json }: Options): Promise<number> {
  if (existsSync(file) && !force) throw new ExitError(`${file} is there already\n  try   another name, or --force`, 1);
  const { machine, sandbox } = standing;
  const path = folderOf(standing);
  const script = exportScript(path, standing.runtime.operations.freeze(sandbox));
  const hash = createHash("sha256");
  const part = `${file}.part`;
  let bytes = 0;
  try {
    await remotely(standing, script, async (channel) => {
      const counted = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk);
          bytes += chunk.length;
          done(null, chunk);
        },
      });
      await pipeline(channel, counted, createWriteStream(part, { mode: 0o600 }));
    });
    const { members } = await inspectArchive(part);
    const sha256 = hash.digest("hex");
    await rename(part, file);
    await writeFile(`${file}.sha256`, `${sha256}  ${basename(file)}\n`);
    if (json) console.log(JSON.stringify({ file, sha256, bytes, members }));
    else {
      console.log(`${sha256}  ${file}`);
      console.error(`${members} files, folders and links of ${path} on ${machine.address}, ${bytes} bytes`);
    }
    return 0;
  } finally {
    rmSync(part, { force: true });
  }
}

async function importFrom(
  file: string,
  standing: Standing,
  { stack, sha256, replace, json }: Options,
): Promise<number> {
  const content = await inspectArchive(file).catch((error: unknown) => {
    if (error instanceof ArchiveError) throw new ExitError(`${file} is not imported: ${error.message}`, 1);
    throw error;
  });
  const wanted = sha256 ?? publishedSum(file);
  if (wanted !== undefined && wanted.toLowerCase() !== content.sha256) {
    throw new ExitError(
      `${file} is not imported: its checksum is another one\n  wanted  ${wanted}\n  has     ${content.sha256}`,
      1,
    );
  }
  if (wanted === undefined) console.error(`no checksum of ${file} is known: neither --sha256 nor ${file}.sha256`);

  const { sandbox } = standing;
  const path = folderOf(standing);
  const host = await connectToOurs(standing);
  const [{ entries }, stopped] = await Promise.all([host.look(workspaceFacts(path)), host.look(stoppedFacts(sandbox))]);
  if (entries === undefined)
    throw new ExitError(`there is no ${path} on the machine\n  try   scripts/pulumi up --refresh -s ${stack}`, 1);
  if (entries > 0 && !replace) {
    throw new ExitError(
      `the workspace has files already (${entries} at its top), which an import would remove\n  try   scripts/workspace export first, then --replace`,
      1,
    );
  }
  let answer = "";
  await remotely(standing, receiveScript(path, content.sha256), async (channel) => {
    channel.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    await pipeline(createReadStream(file), channel);
  });
  const unpacked = answer.trim();
  if (!unpacked.startsWith(`${path}.import.`))
    throw new Error(`the machine did not say where it unpacked: ${unpacked}`);
  const power = standing.runtime.operations.power(sandbox, standing.machine.owner);
  const start = stopped === undefined;
  const left = await exchangeWorkspace(host, { stack, path, unpacked, ...power, start });
  const { members, bytes } = content;
  if (json) console.log(JSON.stringify({ file, sha256: content.sha256, members, bytes }));
  else {
    console.log(`${content.sha256}  ${file}`);
    console.error(`${members} files, folders and links are in ${path}`);
    if (stopped) console.error(`${stack} is still ${describeStopped(stopped)}`);
  }
  if (left !== undefined) console.error(left);
  return left === undefined ? 0 : 1;
}

function publishedSum(file: string): string | undefined {
  const path = `${file}.sha256`;
  if (!existsSync(path)) return undefined;
  const [, sum] = /^([0-9a-fA-F]{64})\b/.exec(statSync(path).size < 4096 ? readFileSync(path, "utf8") : "") ?? [];
  if (sum) return sum;
  throw new ExitError(`${path} holds no sha256 checksum`, 1);
}

/** Runs a script on the machine as root; what goes in and out is the caller's. */
async function remotely(
  { machine }: Standing,
  script: string,
  attach: (channel: NodeJS.ReadWriteStream) => Promise<void>,
): Promise<void> {
  const connection = await Connection.open(machine, { connectSeconds: 30, log: (line) => console.error(line) });
  let [said, exitCode] = ["", undefined as number | undefined];
  try {
    const { channel, work } = await connection.hold(rootLine(machine.user, script), (opened) => {
      opened.stderr.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4096);
      });
      const closed = new Promise<void>((done) => opened.once("close", () => done()));
      opened.on("exit", (code: number | null) => {
        exitCode = code ?? 255;
      });
      return { channel: closed, work: attach(opened) };
    });
    const stop = () => void connection.close();
    process.once("SIGINT", stop);
    // What went wrong there explains what went wrong here.
    const [failure] = await Promise.all([
      work.then(
        () => undefined,
        (error: unknown) => error,
      ),
      channel,
    ]);
    process.off("SIGINT", stop);
    if (exitCode === 0 && failure === undefined) return;
    throw new HostError(exitCode === undefined ? "unreachable" : "command", {
      summary:
        exitCode === undefined
          ? `the connection to ${connection.where} was lost; nothing was changed`
          : `the workspace could not be moved on ${connection.where}; nothing was changed`,
      exitCode,
      said: said || (failure instanceof Error ? failure.message : undefined),
    });
  } finally {
    await connection.close();
  }
}
