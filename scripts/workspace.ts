import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { open, rename, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type Readable, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describeStopped, stoppedFacts } from "../host/stopped.ts";
import { findChosen, sandboxCommand } from "./chosen-sandbox.ts";
import { exchangeWorkspace } from "./exchange-workspace.ts";
import { messageOf } from "./message-of.ts";
import { streamRemotely } from "./remote-stream.ts";
import { connectToOurs, ExitError, runScript, type Standing } from "./stack-command.ts";
import { plainText } from "./terminal-text.ts";
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

const fails = "the workspace could not be moved";

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
  // Before anything is held still there.
  const target = await open(part, "w", 0o600).catch((error: unknown) => {
    const said = `  said  ${messageOf(error)}`;
    throw new ExitError(`${file} cannot be written\n${said}\n  try   mkdir -p ${dirname(file)}, or another folder`, 1);
  });
  try {
    const attach = async (output: Readable) => {
      const counted = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk);
          bytes += chunk.length;
          done(null, chunk);
        },
      });
      await pipeline(output, counted, target.createWriteStream());
    };
    await streamRemotely(machine, { fails, script, attach });
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
    await target.close();
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
  const attach = async (output: Readable, input: Writable) => {
    output.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    await pipeline(createReadStream(file), input);
  };
  await streamRemotely(standing.machine, { fails, script: receiveScript(path, content.sha256), attach });
  const unpacked = answer.trim();
  if (!unpacked.startsWith(`${path}.import.`))
    throw new Error(`the machine did not say where it unpacked: ${unpacked}`);
  const power = standing.runtime.operations.power(sandbox, standing.machine.owner);
  const start = stopped === undefined;
  const say = (remark: string) => console.error(plainText(remark));
  const left = await exchangeWorkspace(host, { stack, path, unpacked, power, start, say });
  const { members, bytes } = content;
  if (json) console.log(JSON.stringify({ file, sha256: content.sha256, members, bytes }));
  else {
    console.log(`${content.sha256}  ${file}`);
    console.error(`${members} files, folders and links are in ${path}`);
    if (stopped) say(`${stack} is still ${describeStopped(stopped)}`);
  }
  if (left !== undefined) say(left);
  return left === undefined ? 0 : 1;
}

function publishedSum(file: string): string | undefined {
  const path = `${file}.sha256`;
  if (!existsSync(path)) return undefined;
  const [, sum] = /^([0-9a-fA-F]{64})\b/.exec(statSync(path).size < 4096 ? readFileSync(path, "utf8") : "") ?? [];
  if (sum) return sum;
  throw new ExitError(`${path} holds no sha256 checksum`, 1);
}
