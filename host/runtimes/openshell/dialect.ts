import { HostError } from "../../errors.ts";
import { gatewaySchema1, gatewaySchema2 } from "./gateway-config.ts";

/** What the driver must know about a line of OpenShell's releases. */
export interface Dialect {
  /** `0.0.11x` or `0.1.x`. */
  readonly line: "0.0.11x" | "0.1.x";
  /** Whether this driver was run against a build of this line; see docs/verified.md. */
  readonly verified: boolean;
  /** Oldest Docker that its documentation asks for. */
  readonly docker: number;
  /** Text of `gateway.toml`. */
  readonly gatewayConfig: typeof gatewaySchema1;
  /** Whether providers need a profile that is imported first; older releases bring them. */
  readonly importsProfiles: boolean;
}

const lines: readonly (Dialect & { readonly pattern: RegExp })[] = [
  {
    line: "0.0.11x",
    pattern: /^0\.0\.11\d(-|$)/,
    verified: true,
    docker: 28,
    gatewayConfig: gatewaySchema1,
    importsProfiles: false,
  },
  {
    line: "0.1.x",
    pattern: /^0\.1\.\d+(-|$)/,
    verified: false,
    docker: 28,
    gatewayConfig: gatewaySchema2,
    importsProfiles: true,
  },
];

/**
 * The dialect of a version, as `openshell --version` or the lock file names it: `0.1.9`, `0.0.112-dev.7+g2f7fb65`.
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
