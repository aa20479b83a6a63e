import { createHash } from "node:crypto";
import { type Command, quote } from "../command.ts";
import type { Question } from "../question.ts";
import type { Step } from "../step.ts";
import { type FileFacts, fileFacts, sha256 } from "./file-facts.ts";
import { holds, type ManagedFile, sameOwnerAndMode, writeFile } from "./managed-file.ts";

/** A file the unit reads, or a word that stands for something else it depends on, such as a version. */
export type Cause = ManagedFile | string;

export interface Unit {
  /** With its suffix: `nemoclaw-bridge@main.service`. */
  readonly name: string;
  /** The unit file. Left out for a unit that a package brings. */
  readonly text?: string;
  /** @default /etc/systemd/system/<name> */
  readonly path?: string;
  /** Whether it starts with the machine; `keep` leaves that as it is. @default true */
  readonly enabled?: boolean | "keep";
  /** Whether it runs now. @default true */
  readonly active?: boolean;
  /** The unit is restarted when one of these changes. The files themselves are written by steps of their own, before. */
  readonly restartWhen?: readonly Cause[];
  /** The unit is reloaded when one of these changes and nothing needs a restart. */
  readonly reloadWhen?: readonly Cause[];
  /** Seconds until it must be up. @default 90 */
  readonly startSeconds?: number;
  /** What a person can do when it does not come up. */
  readonly try?: string;
}

export interface UnitState {
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  /** `enabled`, `disabled`, `static`, `masked`, or empty where there is no file. */
  readonly unitFileState: string;
  /** 0 when nothing runs. */
  readonly mainPid: number;
  readonly needDaemonReload: boolean;
}

export interface UnitFacts {
  readonly state: UnitState;
  readonly file: FileFacts;
  /** What was in force when we last restarted and reloaded it. */
  readonly applied: { readonly restart: string; readonly reload: string };
  /** What stands where the files of `restartWhen` and `reloadWhen` belong, in that order. */
  readonly restartFiles: { readonly [path: string]: FileFacts };
  readonly reloadFiles: { readonly [path: string]: FileFacts };
}

const properties = "LoadState,ActiveState,SubState,UnitFileState,MainPID,NeedDaemonReload";

/** How a unit is doing, as systemd says. */
export function unitState(name: string): Question<UnitState> {
  return {
    script: `systemctl show --property=${properties} -- ${quote(name)}`,
    parse: ({ stdout }) => {
      const said = new Map(stdout.split("\n").map((line) => line.split(/=(.*)/, 2) as [string, string]));
      return {
        loadState: said.get("LoadState") ?? "not-found",
        activeState: said.get("ActiveState") ?? "inactive",
        subState: said.get("SubState") ?? "dead",
        unitFileState: said.get("UnitFileState") ?? "",
        mainPid: Number(said.get("MainPID") ?? 0),
        needDaemonReload: said.get("NeedDaemonReload") === "yes",
      };
    },
  };
}

/** The folder of what was last put in force, one file a unit. It is on disk: a reboot is no change. */
export const appliedFolder = "/var/lib/nemoclaw/units";

/**
 * A unit with this file, enabled and running, restarted or reloaded when what it reads has changed since.
 *
 * What was put in force is noted on the machine only after the restart succeeded, so one that was cut short is done again.
 *
 * @example
 * const config = { path: "/etc/nemoclaw/main/bridge.json", content };
 * all("the bridge", { config: ensureFile(config), unit: ensureUnit({ name: "nemoclaw-bridge@main.service", text, restartWhen: [config] }) });
 */
export function ensureUnit(unit: Unit): Step<UnitFacts> {
  const path = unit.path ?? `/etc/systemd/system/${unit.name}`;
  const file = unit.text === undefined ? undefined : { path, content: unit.text };
  // A package's unit that runs already is not restarted only because it is new to us: others may depend on it.
  const restart = hash([...(unit.text === undefined ? [] : [unit.text]), ...(unit.restartWhen ?? []).map(describe)]);
  const reload = hash((unit.reloadWhen ?? []).map(describe));

  return {
    name: `unit ${unit.name}`,
    facts: {
      state: unitState(unit.name),
      file: fileFacts(path),
      applied: appliedFacts(unit.name),
      restartFiles: Object.fromEntries(files(unit.restartWhen).map((each) => [each.path, fileFacts(each.path)])),
      reloadFiles: Object.fromEntries(files(unit.reloadWhen).map((each) => [each.path, fileFacts(each.path)])),
    },
    // A unit of a package is its package's business.
    kept: file ? { paths: [path, appliedPath(unit.name)], units: [unit.name] } : undefined,
    replaces: (now) => file !== undefined && now.file.kind === "file" && !holds(file, now.file),
    plan: (now) => {
      const { enabled = true, active = true } = unit;
      const { state, applied } = now;
      const commands: Command[] = [];
      const fileRight = !file || (holds(file, now.file) && sameOwnerAndMode(file, now.file));
      if (file && !fileRight) commands.push(writeFile(file));
      if (!fileRight || state.needDaemonReload) commands.push(systemctl("daemon-reload"));

      // A unit that another one brings up has nothing to enable, and one without a file nothing to disable.
      const fixed = ["static", "alias", "indirect", "generated"].includes(state.unitFileState);
      const isEnabled = state.unitFileState === "enabled";
      if (enabled === true && !isEnabled && !fixed) commands.push(systemctl("enable", unit.name));
      if (enabled === false && isEnabled) commands.push(systemctl("disable", unit.name));

      const up = state.activeState === "active" || state.activeState === "reloading";
      const noted = `${restart} ${reload}`;
      if (!active) {
        if (up || state.activeState === "activating") commands.push(systemctl("stop", unit.name));
        // What stands now is what it will start with: that is no reason for a restart later.
        if (restart !== "-" && applied.restart !== restart) commands.push(noteReady(unit.name, noted));
        return commands;
      }
      const stale = (wanted: readonly Cause[] | undefined, found: UnitFacts["restartFiles"]) =>
        files(wanted).some((each) => !holds(each, found[each.path] ?? { kind: "absent" }));
      if (
        !up ||
        !fileRight ||
        (restart !== "-" && applied.restart !== restart) ||
        stale(unit.restartWhen, now.restartFiles)
      ) {
        commands.push(startUnit(unit, up ? "restart" : "start", noted));
      } else if ((reload !== "-" && applied.reload !== reload) || stale(unit.reloadWhen, now.reloadFiles)) {
        commands.push(reloadUnit(unit, noted));
      }
      return commands;
    },
  };
}

/** One verb of systemctl. */
export function systemctl(verb: string, name?: string): Command {
  const words = name === undefined ? verb : `${verb} -- ${quote(name)}`;
  return { title: `systemctl ${verb}${name ? ` ${name}` : ""}`, script: `systemctl ${words}`, timeoutSeconds: 120 };
}

function startUnit(unit: Unit, verb: "start" | "restart", noted: string): Command {
  const name = quote(unit.name);
  const seconds = unit.startSeconds ?? 90;
  // A unit of Type=simple is "active" as soon as it was forked: it must also still be so a moment later.
  return {
    title: `${verb} ${unit.name}`,
    script: `n=${name}
fail() { echo "$n is $(systemctl is-active -- "$n" || :)"; journalctl --no-pager --namespace='*' -o cat -n 20 -u "$n"; exit 1; }
systemctl reset-failed -- "$n" 2>/dev/null || :
systemctl restart -- "$n" || fail
left=${seconds}
until systemctl -q is-active -- "$n"; do
  case $(systemctl show --value --property=SubState -- "$n") in auto-restart|failed|dead) fail ;; esac
  left=$((left - 1))
  test "$left" -gt 0 || fail
  sleep 1
done
case $(systemctl show --value --property=Type -- "$n") in
  simple|exec|forking) sleep 1; systemctl -q is-active -- "$n" || fail ;;
esac
${note(unit.name, noted)}`,
    shown: `systemctl ${verb} ${unit.name}`,
    timeoutSeconds: seconds + 60,
    try: unit.try ?? `on the machine: journalctl -u ${unit.name} -e`,
  };
}

function reloadUnit(unit: Unit, noted: string): Command {
  return {
    title: `reload ${unit.name}`,
    script: `systemctl reload -- ${quote(unit.name)}\n${note(unit.name, noted)}`,
    shown: `systemctl reload ${unit.name}`,
    timeoutSeconds: 120,
    try: unit.try ?? `on the machine: journalctl -u ${unit.name} -e`,
  };
}

function noteReady(name: string, noted: string): Command {
  return { title: `note what ${name} will start with`, script: note(name, noted) };
}

function note(name: string, noted: string): string {
  const file = quote(appliedPath(name));
  return `install -d -m 0700 ${appliedFolder}\nprintf '%s\\n' '${noted}' >${file}.new\nmv -f ${file}.new ${file}`;
}

/** Where it is noted what was last put in force. */
export function appliedPath(name: string): string {
  return `${appliedFolder}/${name}`;
}

function appliedFacts(name: string): Question<UnitFacts["applied"]> {
  return {
    script: `cat ${quote(appliedPath(name))}`,
    parse: ({ stdout }) => {
      const [restart = "", reload = ""] = stdout.trim().split(" ");
      return { restart, reload };
    },
  };
}

function files(causes: readonly Cause[] = []): ManagedFile[] {
  return causes.filter((cause) => typeof cause !== "string");
}

function describe(cause: Cause): string {
  return typeof cause === "string" ? cause : `${cause.path} ${sha256(cause.content)}`;
}

function hash(parts: readonly string[]): string {
  if (parts.length === 0) return "-";
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
