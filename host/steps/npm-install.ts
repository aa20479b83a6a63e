import { argv, type Command, quote } from "../command.ts";
import type { Step } from "../step.ts";
import { type FileFacts, fileFacts, sha256 } from "./file-facts.ts";
import { writeFile } from "./managed-file.ts";
import { npmCi, ownNode } from "./npm-ci.ts";
import { pointLink, pointsElsewhere } from "./symlink.ts";
import { artifactFolder, doneMarker, verifiedFacts } from "./verified-download.ts";

/** Programs installed from the npm registry by a committed lock file, in a folder of their own. */
export interface NpmInstall {
  /** `agent`: the folder under `/opt/nemoclaw`. */
  readonly name: string;
  readonly version: string;
  /** The text of `package.json`. */
  readonly manifest: string;
  /** The text of `package-lock.json`, which pins every package by its integrity hash. */
  readonly lock: string;
  /** Further files beside them, by name: our own bundles. */
  readonly files?: { readonly [name: string]: string | Uint8Array };
  /** A registry that serves the same packages. @default the one named in the lock file */
  readonly registry?: string;
  /** @default /opt/nemoclaw/node/current/bin/node */
  readonly node?: string;
  /** @default /opt/nemoclaw/npm/current/bin/npm-cli.js */
  readonly npm?: string;
  /** Whether `current` points at this version; `first` only where there is none yet. @default true */
  readonly current?: boolean | "first";
  /**
   * A Node program of the installed packages, with its arguments, that must run once before they are used, because install
   * scripts are off. It may write to their folder and nowhere else, has no network, and ends before anybody else starts it.
   */
  readonly settle?: readonly string[];
}

export interface NpmFacts {
  /** What the folder was made from; empty when it is not there, or not wholly. */
  readonly verified: string;
  /** The version, where it is there as it is wanted, whether or not `current` points at it. */
  readonly installed?: string;
  readonly current: FileFacts;
}

/**
 * `npm ci` without install scripts, into `/opt/nemoclaw/<name>/<version>` with `current` pointing at it. The folder appears
 * whole or not at all, and is made anew when the lock file or one of the files changes.
 *
 * A package that is not what the lock file says is a HostError of kind `integrity`.
 */
export function ensureNpmInstall(install: NpmInstall): Step<NpmFacts> {
  const { name, version, current = true } = install;
  const link = { path: `/opt/nemoclaw/${name}/current`, target: version };
  const made = madeFrom(install);
  const folder = artifactFolder(install);
  return {
    name: `${name} ${version}`,
    facts: {
      verified: verifiedFacts(folder),
      installed: { ...verifiedFacts(folder), parse: ({ stdout }) => (stdout.trim() === made ? version : undefined) },
      current: fileFacts(link.path),
    },
    plan: (now) => {
      const linked = now.current.kind === "link" && (now.current.target === version || current === "first");
      return [
        ...(now.verified === made ? [] : commands(install, made)),
        ...(linked || !current ? [] : [pointLink(link)]),
      ];
    },
    kept: { paths: current === true ? [link.path] : [], units: [] },
    replaces: (now) => current === true && pointsElsewhere(link, now.current),
  };
}

/** The hash over all that goes into the folder: it changes when the folder must be made anew. */
export function madeFrom({ manifest, lock, files = {} }: Pick<NpmInstall, "manifest" | "lock" | "files">): string {
  const parts = Object.entries(files).map(([name, content]) => [name, sha256(content)]);
  return sha256(JSON.stringify([sha256(manifest), sha256(lock), parts.sort()]));
}

function commands(install: NpmInstall, made: string): Command[] {
  const { name, version } = install;
  const staging = `/opt/nemoclaw/${name}/.new-${version}`;
  const content = { "package.json": install.manifest, "package-lock.json": install.lock, ...install.files };
  return [
    {
      title: `make room for ${name} ${version}`,
      script: `rm -rf ${quote(staging)}\nmkdir -p ${quote(staging)}`,
      timeoutSeconds: 120,
    },
    ...Object.entries(content).map(([file, text]) => writeFile({ path: `${staging}/${file}`, content: text })),
    npmCi(install, staging),
    ...(install.settle ? [settle(install, install.settle, staging)] : []),
    {
      title: `put ${name} ${version} in place`,
      script: `printf '%s\\n' ${made} >${quote(`${staging}/${doneMarker}`)}
rm -rf ${quote(artifactFolder(install))}
mv -T ${quote(staging)} ${quote(artifactFolder(install))}`,
      timeoutSeconds: 120,
    },
  ];
}

function settle({ name, version, node = ownNode }: NpmInstall, words: readonly string[], staging: string): Command {
  const confined = ["ProtectSystem=strict", `ReadWritePaths=${staging}`, "PrivateNetwork=yes", "PrivateTmp=yes"];
  const poor = ["NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectHome=yes", "Environment=HOME=/tmp"];
  const properties = [...confined, ...poor, `WorkingDirectory=${staging}`].map((each) => `--property=${each}`);
  // Of the same family as the units of plans: a run that is cut short leaves it to be waited for by the next.
  const unit = `--unit=nemoclaw-apply-settle-${name}`;
  return argv(
    `let ${name} ${version} finish its installation`,
    ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", unit, ...properties, node, ...words],
    { timeoutSeconds: 300 },
  );
}
