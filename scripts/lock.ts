import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { type Lock, readLock } from "../host/lock.ts";
import { lockGaps } from "../host/lock-check.ts";
import { type Sources, sourcesOf } from "../host/lock-download.ts";
import { npmRoot } from "../host/lock-npm.ts";
import type { Refreshed } from "../host/lock-refresh.ts";
import { fillMirrorFolder, servedGaps } from "../host/lock-served.ts";
import { cloneFolder, stackFileName } from "./clone-paths.ts";
import { cloudMachines } from "./cloud-machines.ts";
import { describeGaps, sortGaps } from "./lock-gaps.ts";
import { type MachineImage, machineImages, refreshMachineImage } from "./machine-image.ts";
import { machineImageGaps } from "./machine-image-check.ts";
import { servedImageGaps } from "./machine-image-served.ts";
import { servedKeyGaps } from "./package-keys-served.ts";
import { refreshPins } from "./refresh-pins.ts";
import { runScript } from "./stack-command.ts";
import { stackSections } from "./stack-files.ts";

interface From {
  mirror?: string;
  npm?: string;
  artifacts?: string;
  registry?: string;
  json?: boolean;
}

const readFile = (path: string) => readFileSync(resolve(cloneFolder, path), "utf8");
const say = (what: string) => console.error(what);
let exitCode = 0;

const program = new Command("scripts/lock")
  .description(
    "What machines download, pinned in nemoclaw.lock.json, and the images of cloud machines, pinned in the stack files. " +
      "Exit codes: 0 fine, 1 error, 2 gaps, 64 usage.",
  )
  .exitOverride();

/** Where things come from is told to several commands. */
function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option("--mirror <folder>", "a mirror folder, or its file: URL, in place of the network; see docs/versions.md")
    .option("--npm <url>", "npm registry to download from")
    .option("--artifacts <url>", "mirror in place of https://github.com")
    .option("--registry <url>", "container registry in place of those that images name")
    .option("--json", "print it as JSON");
}

program
  .command("list", { isDefault: true })
  .description("print every pinned thing")
  .option("--json", "print it as JSON")
  .action(({ json }: From) => {
    const [lock, machines] = [readLock(), machineImages()];
    const npm = Object.entries(lock.npm).map(([name, one]) => [name, { ...one, root: npmRoot(one.lockfile) }] as const);
    console.log(
      json
        ? JSON.stringify({ ...lock, npm: Object.fromEntries(npm), machines }, null, 2)
        : describe(lock, npm, machines),
    );
  });

command("check", "tell what is not pinned, without a network; with --served, whether what is served is what is pinned")
  .option(
    "--served",
    "download everything and compare, keys of package repositories by gpg, and ask clouds for machine images by your own login; so with --npm, --artifacts and --registry, and with --mirror, which asks no cloud and no package repository",
  )
  .action(async (options: From & { served?: boolean }) => {
    const lock = readLock();
    const { served = [options.mirror, options.npm, options.artifacts, options.registry].some(Boolean) } = options;
    const machines = cloudMachines();
    const noneAsked = (what: string) =>
      options.mirror === undefined ? undefined : `with --mirror no ${what} is asked`;
    const gaps = [
      ...lockGaps(lock, readFile),
      ...machineImageGaps(machines),
      ...(served ? await servedGaps(lock, sources(options), say) : []),
      ...(served ? await servedKeyGaps(lock, { say, offline: noneAsked("package repository") }) : []),
      ...(served ? await servedImageGaps(machines, { say, offline: noneAsked("cloud") }) : []),
    ];
    const sorted = sortGaps(gaps, usedRuntimes());
    console.log(options.json ? JSON.stringify(gaps, null, 2) : describeGaps(sorted, served));
    exitCode = sorted.needed.length === 0 ? 0 : 2;
  });

command("refresh", "take checksums and digests into nemoclaw.lock.json, compared with what is published")
  .argument(
    "<names...>",
    "artifacts, images and npm packages as `list` names them, openshell for all of its release, or all artifacts and images; an image that is to be added, in full; or machine-image, with -s",
  )
  .option("--version <version>", "move to this version; of one release at a time")
  .option("-s, --stack <name>", "with machine-image: the stack, whose cloud is asked by your own login")
  .option("--parameter <name>", "with machine-image on AWS: the parameter of Systems Manager that names the image")
  .action(async (names: string[], options: From & { version?: string; stack?: string; parameter?: string }) => {
    if (names.includes("machine-image")) return machineImage(names, options);
    const refreshed = await refreshPins(names, { version: options.version, mirrors: sources(options), say });
    console.log(options.json ? JSON.stringify(refreshed, null, 2) : refreshed.map(printRefreshed).join("\n"));
  });

command("mirror", "copy every pinned file into a folder that --mirror and a stack's mirrors can use")
  .argument("<folder>")
  .action(async (folder: string, options: From) => {
    const lock = readLock();
    await fillMirrorFolder(lock, sourcesOf(resolve(folder)), sources(options), say);
    const copies = Object.keys(lock.images).map((image) => {
      const path = `${resolve(folder)}/images/${image.replace(/:([^/:]+)$/, "/$1")}`;
      return { image, command: `skopeo copy --all docker://${image} oci:${path}` };
    });
    if (options.json) console.log(JSON.stringify(copies, null, 2));
    else for (const { command } of copies) console.log(command);
  });

async function machineImage(
  names: string[],
  { stack, parameter, json }: From & { stack?: string; parameter?: string },
) {
  if (names.length > 1) return program.error("error: machine-image is refreshed by itself");
  if (stack === undefined) return program.error("error: machine-image needs -s STACK");
  const { before, after } = await refreshMachineImage(stack, { parameter });
  const path = `${stackFileName(stack)}: nemoclaw:machine.image`;
  if (json) console.log(JSON.stringify([{ path, before: before ?? null, after }], null, 2));
  else
    console.log(
      `${path}\n  ${before === after ? "unchanged" : `new  (was ${before ?? "none"}; it replaces the machine)`}  ${after}`,
    );
}

function sources({ mirror, npm, artifacts, registry }: From): Sources {
  if (mirror !== undefined && /^(?!file:)[a-z][a-z0-9+.-]*:\/\//i.test(mirror)) {
    return program.error(
      `error: --mirror takes a folder, or its file: URL, not ${mirror}; for a server there are --npm, --artifacts and --registry`,
    );
  }
  const given = Object.entries({ npm, artifacts, registry }).filter(([, value]) => value !== undefined);
  const folder = mirror === undefined ? {} : sourcesOf(mirror.startsWith("file:") ? mirror : resolve(mirror));
  return { ...folder, ...Object.fromEntries(given) };
}

function describe(
  { artifacts, images, apt }: Lock,
  npm: readonly (readonly [string, { lockfile: string; root: ReturnType<typeof npmRoot> }])[],
  machines: readonly MachineImage[],
): string {
  const rows = [
    ...Object.entries(artifacts).flatMap(([name, { version, files }]) =>
      Object.entries(files).map(([platform, { sha256 }]) => [name, version, platform, sha256 ?? "NOT PINNED"]),
    ),
    ...Object.entries(images).flatMap(([ref, { digest, archives }]) => [
      ...(digest !== null || !archives ? [[ref, "", "image", digest ?? "NOT PINNED"]] : []),
      ...Object.entries(archives ?? {}).map(([platform, { sha256 }]) => [ref, "", platform, sha256 ?? "NOT PINNED"]),
    ]),
    ...Object.entries(apt).map(([name, { uri, fingerprint }]) => [name, "", "apt", `${fingerprint}  ${uri}`]),
    ...npm.map(([name, { lockfile, root }]) => {
      const sum = root.integrity ?? "NOT PINNED";
      return [name, root.version, "npm", `${sum}  ${root.name} and ${root.others} more in ${lockfile}`];
    }),
    ...machines.map(({ stack, kind, where, image }) => [`stack ${stack}`, where, kind, image]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}

/** The runtimes that the stacks of this clone have. */
function usedRuntimes(): Set<string> {
  const kinds = stackSections().map(([, { runtime }]) => runtime.kind as string | undefined);
  return new Set(kinds.filter((kind) => kind !== undefined));
}

function printRefreshed({ path, before, after, published }: Refreshed): string {
  const compared = published ? `as published at ${published}` : "compare it with what the publisher names";
  const what = after === null ? "gone" : before === after ? "unchanged" : "new";
  return `${path}\n  ${what}  ${after ?? before}\n  ${compared}`;
}

await runScript(async () => {
  await program.parseAsync();
  return exitCode;
});
