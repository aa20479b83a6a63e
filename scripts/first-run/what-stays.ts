import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { kernelFacts } from "../../host/steps/apparmor-profile.ts";
import { appArmorProfile } from "../../services/sandbox-supervisor/units.ts";
import { runProgram } from "../run-program.ts";
import { type MadeHere, madeFile } from "./made-here.ts";
import { type KeptStackFile, notOurs } from "./stack-file.ts";

type Stays = readonly [what: string, remove: string];

/**
 * What quick starts leave on this computer, each with the command that removes it.
 *
 * @param images those that could not be removed
 */
export async function whatStays(
  made: MadeHere,
  file?: KeptStackFile,
  images: readonly string[] = [],
): Promise<Stays[]> {
  const { packages, groups, clis } = made;
  const names = packages.join(" ");
  const homes = [...new Set(clis.map((folder) => join(folder, "..", "..")))].filter((home) => existsSync(home));
  return [
    ...(file ? [keptFile(file)] : []),
    ...(images.length > 0 ? [keptImages(images)] : []),
    ...(made.lost ? [lostNote] : []),
    ["node_modules/ in this clone", "rm -r node_modules"],
    ["what npm has downloaded, in its cache (~/.npm as a rule)", "npm cache clean --force"],
    ...(await buildCache(made)),
    ...(await profileInKernel()),
    ...(names ? [[`from apt: ${names}`, `apt-get remove ${names}`] as const] : []),
    ...homes.map((home) => [`${home}, where any Pulumi CLI keeps logs and logins`, `rm -r ${home}`] as const),
    ...groups.map(
      (group) => [`you in the group ${group}`, `gpasswd --delete ${userInfo().username} ${group}`] as const,
    ),
  ];
}

function keptFile({ file, passphrase }: KeptStackFile): Stays {
  const kept = `${file}, which is ${notOurs}`;
  if (!passphrase) return [kept, `rm ${file}`];
  return [`${kept}, and ${passphrase}, without which nobody reads its secrets`, `rm ${file} ${passphrase}`];
}

function keptImages(images: readonly string[]): Stays {
  const names = images.toReversed().join(" ");
  return [
    `in Docker: ${names}, and ${madeFile}, by which a later --destroy knows of them`,
    `docker image rm ${names} && rm ${madeFile}`,
  ];
}

const lostNote: Stays = [
  "images, packages of apt's and a Pulumi CLI in ~/.pulumi/versions, where the note that could not be read named some",
  "docker image rm NAME, for each nemoclaw-machine and nemoclaw-base in docker image ls",
];

/** Docker's own builder has images alone, which are gone. BuildKit tells nobody which part of its cache is whose. */
async function buildCache({ images }: MadeHere): Promise<Stays[]> {
  if (images.length === 0 || (await runProgram(["docker", "buildx", "version"])).exitCode !== 0) return [];
  return [
    ["what BuildKit keeps of building the machine's image, among what it built for others", "docker builder prune"],
  ];
}

/**
 * The machine's profile for its sandboxes is in the kernel of this computer, where another clone's machine may have it in use. One that
 * is here as a file is this computer's own.
 */
async function profileInKernel(): Promise<Stays[]> {
  const { name } = appArmorProfile;
  const { script, parse } = kernelFacts(name);
  const { restricted, loaded } = parse(await runProgram(["sh", "-c", script]));
  if (!restricted || !loaded || existsSync(`/etc/apparmor.d/${name}`)) return [];
  const remove = `printf ${name} | sudo tee /sys/kernel/security/apparmor/.remove`;
  const until =
    "in this computer's kernel until it starts anew; no sandbox of another clone's machine starts without it";
  return [[`the AppArmor profile ${name}, ${until}`, remove]];
}
