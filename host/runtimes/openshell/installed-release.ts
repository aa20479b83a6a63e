import type { Command } from "../../command.ts";
import { HostError } from "../../errors.ts";
import type { Question } from "../../question.ts";
import type { Step } from "../../step.ts";
import { type Dialect, dialectOf, isSpoken, pinnedDialect } from "./dialect.ts";
import { user } from "./paths.ts";
import { isSameRelease, numberOf } from "./release-number.ts";

const programs = ["openshell", "openshell-gateway"] as const;

/** A program of OpenShell's that is installed; both are empty where there is none. */
export interface ProgramFacts {
  /** The version whose folder is in use. */
  readonly link: string;
  /** What the program says that it is; empty where it says nothing. */
  readonly says: string;
}

const call = (name: string) =>
  `runuser -u ${user} -- env -C / HOME=/nonexistent /opt/nemoclaw/${name}/current/${name} --version`;

/** What `openshell --version` says, or the gateway's. */
export function programFacts(name: (typeof programs)[number]): Question<ProgramFacts> {
  return {
    script: `readlink /opt/nemoclaw/${name}/current || exit 1\n${call(name)} 2>/dev/null`,
    parse({ stdout }) {
      const [link = "", said = ""] = stdout.split("\n");
      return { link, says: said.split(" ")[1] ?? "" };
    },
  };
}

/** Whether something is installed, and what: by its own word, or by its folder's name where it has none. */
export const versionOf = ({ link, says }: ProgramFacts) =>
  link === "" || isSameRelease(link, says) ? link : says || link;

/** The dialect of what is installed; the pinned one where nothing is, or nothing that this driver speaks. */
export function installedDialect(cli: ProgramFacts): Dialect {
  const version = versionOf(cli);
  return isSpoken(version) ? dialectOf(version) : pinnedDialect();
}

/**
 * Refuses a machine whose OpenShell is of another line than the pinned release, or of one that this driver does not speak.
 * It changes nothing.
 *
 * @throws HostError of kind `not-converged` from its plan, with the version found
 */
export function requireLine(pinned: string): Step<ProgramFacts> {
  return {
    name: `no other line of OpenShell than that of ${pinned}`,
    facts: programFacts("openshell"),
    plan(cli) {
      mustBeOfLine(cli, pinned);
      return [];
    },
  };
}

export interface ReleaseFacts {
  readonly cli: ProgramFacts;
  readonly gateway: ProgramFacts;
}

/**
 * CLI and gateway that are the pinned release by their own word. What was just downloaded is asked before anything is started
 * with it.
 *
 * @throws HostError from its plan: as `requireLine`, and of kind `integrity` for programs in use that are of another release
 */
export function requireRelease(version: string): Step<ReleaseFacts> {
  return {
    name: `OpenShell's programs are of ${version}`,
    facts: { cli: programFacts("openshell"), gateway: programFacts("openshell-gateway") },
    plan({ cli, gateway }) {
      mustBeOfLine(cli, version);
      if (cli.link !== version || gateway.link !== version || cli.says === "" || gateway.says === "")
        return [ask(version)];
      if (isSameRelease(cli.says, version) && isSameRelease(gateway.says, version)) return [];
      throw new HostError("integrity", {
        summary: `OpenShell ${version} is pinned, and its CLI says that it is ${cli.says}, its gateway that it is ${gateway.says}: they must be of one release`,
        ran: programs.map((name) => `${name} --version`).join("; "),
        try: `on the machine: rm -r ${programs.map((name) => `/opt/nemoclaw/${name}/${version}`).join(" ")}; then run \`up --refresh\` again`,
      });
    },
  };
}

function mustBeOfLine(cli: ProgramFacts, pinned: string): void {
  const found = versionOf(cli);
  if (found === "" || (isSpoken(found) && dialectOf(found).line === dialectOf(pinned).line)) return;
  const why = isSpoken(found)
    ? `which ${pinned} cannot follow where it stands`
    : "a release that this driver does not speak";
  throw new HostError("not-converged", {
    summary: `this machine has OpenShell ${found}, ${why}; nothing was changed`,
    ran: "openshell --version",
    try: "up --refresh, whose preview says what is made anew and lost; or pin a release of its line: scripts/lock refresh openshell --version VERSION",
  });
}

function ask(version: string): Command {
  const number = numberOf(version);
  const each = programs.map(
    (name) => `said=$(${call(name)} 2>&1) || :
case "$said" in
  "${name} ${number}" | "${name} ${number}"[-+\\ ]*) ;;
  *) echo "${name} ${version} is pinned, and what was downloaded says: $said"; exit 1 ;;
esac`,
  );
  return {
    title: `ask OpenShell's programs whether they are of ${version}`,
    script: each.join("\n"),
    shown: programs.map((name) => `${name} --version`).join("; "),
    timeoutSeconds: 60,
    try: "the lock file names a file of another release, or of another processor: scripts/lock refresh openshell",
  };
}
