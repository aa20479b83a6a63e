import { HostError } from "../../errors.ts";
import { readLock } from "../../lock.ts";
import { gatewaySchema1, gatewaySchema2 } from "./gateway-config.ts";

/** What the driver must know about a line of OpenShell's releases. Within one, a machine is upgraded in place. */
export interface Dialect {
  readonly line: "0.0.11x" | "0.1.x";
  /** Whether this driver was run against a build of this line; see docs/verified.md. */
  readonly verified: boolean;
  /** Oldest Docker that its documentation asks for. */
  readonly docker: number;
  /** Oldest version of Landlock's interface that its sandboxes start with, and the Linux that brought it. */
  readonly landlock?: { readonly abi: number; readonly linux: string };
  /** Text of `gateway.toml`. */
  readonly gatewayConfig: typeof gatewaySchema1;
  /** Whether the gateway can say beforehand what is wrong with its configuration. */
  readonly preflight: boolean;
  /** Whether what runs inside is an image of its own, beside the supervisor's. */
  readonly runtimeImage: boolean;
  /** What `sandbox exec` must be told so that no login shell is put around a command, and by which versions, as a shell matches them. */
  readonly plainExec?: { readonly flag: string; readonly versions: string };
  /** Whether a gateway gives the sandboxes that are there the supervisor of its own release; else they are made anew. */
  readonly renewsSupervisors: boolean;
  /** Paths that the gateway adds to every policy by itself, and shows as if they had been sent. */
  readonly added: { readonly readOnly: readonly string[]; readonly readWrite: readonly string[] };
  /** Whether the gateway leads `inference.local` to a model; else the agent calls the service itself, through a provider. */
  readonly managedInference: boolean;
}

/** All lines, each with the versions that belong to it. */
export const lines: readonly (Dialect & { readonly pattern: RegExp })[] = [
  {
    line: "0.0.11x",
    pattern: /^0\.0\.11\d(-|\+|$)/,
    verified: true,
    docker: 28,
    gatewayConfig: gatewaySchema1,
    preflight: false,
    runtimeImage: false,
    renewsSupervisors: false,
    added: { readOnly: ["/var/log"], readWrite: [] },
    managedInference: true,
  },
  {
    line: "0.1.x",
    pattern: /^0\.1\.\d+(-|\+|$)/,
    verified: false,
    docker: 28,
    landlock: { abi: 3, linux: "6.2" },
    gatewayConfig: gatewaySchema2,
    preflight: true,
    runtimeImage: true,
    plainExec: { flag: "--no-login-shell", versions: "0.1.[0-9]*" },
    renewsSupervisors: true,
    added: {
      readOnly: ["/usr", "/lib", "/etc", "/app", "/var/log", "/proc", "/dev/urandom"],
      readWrite: ["/tmp", "/dev/null"],
    },
    managedInference: false,
  },
];

/**
 * The dialect of a version, as `openshell --version` or the lock file names it: `0.1.10`, `0.0.112-dev.7+g2f7fb65`.
 *
 * @throws HostError of kind `integrity` that names a version this driver does not speak
 */
export function dialectOf(version: string): Dialect {
  const found = lines.find(({ pattern }) => pattern.test(version));
  if (found) return found;
  throw new HostError("integrity", {
    summary: `OpenShell ${version} is not a release that this driver speaks: ${lines.map(({ line }) => line).join(" or ")}`,
    try: "pin another release: scripts/lock refresh openshell, or runtime.kind: embedded",
  });
}

/** Whether a version is of a line that this driver speaks. */
export function isSpoken(version: string): boolean {
  return lines.some(({ pattern }) => pattern.test(version));
}

/** The release that the lock file pins, which is the one that is installed. */
export function pinnedVersion(): string {
  return readLock().artifacts.openshell?.version ?? "";
}

/** Its dialect. @throws as `dialectOf` */
export function pinnedDialect(): Dialect {
  return dialectOf(pinnedVersion());
}

/** The dialect of a line by its name; the pinned one where it has none of that name. */
export function dialectOfLine(name: string | undefined): Dialect {
  return lines.find(({ line }) => line === name) ?? pinnedDialect();
}
