import { finishInterrupted, inTheWay, interruptedLook } from "../host/steps/apt-packages.ts";
import { dpkgStatus } from "./dpkg-status.ts";
import { runProgram } from "./run-program.ts";

/** Something from the distribution that this computer lacks. */
export interface MissingPackage {
  readonly name: string;
  /** What it is needed for, for the person who is about to get it. */
  readonly reason: string;
}

/**
 * Installs packages with apt: as root or by `sudo -n`, without questions, waiting for another apt to finish. What an installation
 * that was killed has left to do is done first, as on machines: apt refuses everything else until then. As there, nothing is removed
 * for a package, and no service is restarted that uses an exchanged library.
 *
 * @param patience seconds that each run of apt may take; one that took longer is not tried again
 * @throws Error with what to type by hand, when there is no apt or no way to be root
 */
export async function installPackages(
  packages: readonly MissingPackage[],
  say: (line: string) => void,
  patience = 900,
): Promise<void> {
  const names = packages.map(({ name }) => name);
  if (names.length === 0) return;
  const root = [...(await becomeRoot(names)), "env", ...quietly];
  const apt = [...root, "apt-get", "-o", `DPkg::Lock::Timeout=${Math.min(300, patience)}`];
  const install = [...apt, "install", "-y", "--no-remove", "--no-install-recommends", ...names];
  const run = (command: readonly string[]) => runProgram(command, { timeoutSeconds: patience, onLine: brief(say) });

  if ((await runProgram(["sh", "-c", interruptedLook])).stdout.includes("interrupted")) {
    say(`finishing an installation that was cut short: ${finishInterrupted.shown}`);
    // What it cannot finish, such as a package whose dependencies had not come yet, apt mends or names.
    await run([...root, "sh", "-c", finishInterrupted.script]);
  }
  // Package lists may never have been fetched, or be older than the archive: an update mends both.
  const listed = await runProgram(["apt-cache", "show", ...names]);
  if (listed.exitCode !== 0) await run([...apt, "update"]);
  let installed = await run(install);
  if (installed.exitCode !== 0 && installed.exitCode !== 124 && listed.exitCode === 0) {
    await run([...apt, "update"]);
    installed = await run(install);
  }
  if (installed.exitCode === 0) return;
  const all = `${installed.stdout}\n${installed.stderr}`.trim();
  const said = all.split("\n").slice(-12).join("\n        ");
  throw new Error(
    [
      `installing ${names.join(", ")} failed on this computer`,
      `  ran   ${install.join(" ")}   (exit ${installed.exitCode})`,
      `  said  ${said}`,
      `  try   ${inTheWay(all) ?? "mend apt's complaint above, then run this again; it goes on from here"}`,
    ].join("\n"),
  );
}

const quietly = ["DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1", "LC_ALL=C"];

/** Those of these packages that apt could add here; none where there is no apt. */
export async function notInstalled(packages: readonly MissingPackage[]): Promise<MissingPackage[]> {
  if (!(await hasApt())) return [];
  const status = await dpkgStatus(packages.map(({ name }) => name));
  return packages.filter(({ name }) => status?.get(name) !== "installed");
}

async function hasApt(): Promise<boolean> {
  return process.platform === "linux" && (await runProgram(["apt-get", "--version"])).exitCode === 0;
}

async function becomeRoot(names: readonly string[]): Promise<string[]> {
  const must = `${names.join(", ")} must be installed`;
  if (!(await hasApt())) {
    const own = "  try   install what they bring by this computer's own means, then run this again";
    throw new Error(`${must}, and this computer has no apt\n${own}`);
  }
  if (process.getuid?.() === 0) return [];
  if ((await runProgram(["sudo", "-n", "true"])).exitCode === 0) return ["sudo", "-n"];
  throw new Error(
    [
      `${must}, which takes root or sudo without a password`,
      "  try   sudo -v     in this terminal, where sudo asks for your password, then run this again",
      `  try   apt-get install --no-install-recommends ${names.join(" ")}     as root, then run this again`,
    ].join("\n"),
  );
}

/** apt prints a hundred lines; these are the ones that tell how far it is. */
function brief(say: (line: string) => void): (line: string) => void {
  return (line) => {
    if (/^(Get:|Fetched|The following NEW|Setting up|Need to get|[EW]:)/.test(line)) say(line.slice(0, 120));
  };
}
