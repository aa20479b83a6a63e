import { tunnelUnit } from "../../services/cloudflared/unit.ts";
import { type Arch, artifact, readLock } from "../lock.ts";
import type { Question } from "../question.ts";
import { paths, unitName, users } from "../runtimes/embedded/paths.ts";
import type { Mirrors } from "../runtimes/runtime.ts";
import { answersTurn } from "../runtimes/turn-health.ts";
import { Sensitive } from "../sensitive.ts";
import { all, type Step } from "../step.ts";
import type { Health } from "../upgrade.ts";
import { ensureAbsent, ensureNoUnit } from "./file-removal.ts";
import { ensureFile } from "./managed-file.ts";
import { ensureSystemUser } from "./system-user.ts";
import { ensureUnit } from "./systemd-unit.ts";
import { artifactFolder, ensureArtifact } from "./verified-download.ts";

export interface TunnelArgs {
  readonly sandbox: string;
  readonly kind: "quick" | "named";
  readonly origin: { readonly host: string; readonly port: number };
  readonly token?: string;
  readonly running: boolean;
  readonly arch: Arch;
  readonly mirrors?: Mirrors;
}

export interface ReadyFacts {
  /** By cloudflared's own word: at least one connection to Cloudflare's edge. */
  readonly ready: boolean;
  /** The random public name of a quick tunnel. */
  readonly hostname?: string;
}

/** Where cloudflared answers `/ready` and `/quicktunnel`, on the machine's loopback. */
const metricsPort = 17873;

/** Whether the machine's tunnel is connected. */
export const readyFacts: Question<ReadyFacts> = {
  script: `curl -sf -m 5 http://127.0.0.1:${metricsPort}/ready >/dev/null && echo ready || echo waiting
curl -sf -m 5 http://127.0.0.1:${metricsPort}/quicktunnel || :`,
  parse: ({ stdout }) => {
    const [word, json = ""] = stdout.split("\n");
    const hostname = /"hostname"\s*:\s*"([^"]+)"/.exec(json)?.[1];
    return { ready: word === "ready", hostname };
  },
};

/**
 * Connected, and the agent behind it answers. Nothing is asked through Cloudflare: there Access lets in people alone, and a quick
 * tunnel's name is a new one after each start.
 */
export const tunnelHealth = (sandbox: string): readonly Health[] => [connected, answersTurn(sandbox)];

/** By cloudflared's own `/ready`. */
const connected: Health = {
  what: "cloudflared is connected",
  command: {
    title: "ask cloudflared whether it is connected",
    script: `curl -s -m 5 http://127.0.0.1:${metricsPort}/ready
curl -sf -m 5 http://127.0.0.1:${metricsPort}/ready >/dev/null`,
    timeoutSeconds: 30,
  },
};

function ensureReady(wanted: boolean): Step<ReadyFacts> {
  return {
    name: "the tunnel is connected",
    facts: readyFacts,
    plan: ({ ready }) =>
      ready || !wanted
        ? []
        : [
            {
              title: "wait until cloudflared is connected",
              script: `n=0
until curl -sf -m 5 http://127.0.0.1:${metricsPort}/ready >/dev/null; do
  n=$((n + 1))
  test "$n" -lt 90 || { journalctl --no-pager -o cat -n 20 -u 'nemoclaw-tunnel@*'; exit 1; }
  sleep 1
done`,
              timeoutSeconds: 150,
              try: "see what cloudflared says: scripts/logs tunnel. It needs port 7844 or 443 outwards, and a named tunnel a token that is still valid",
            },
          ],
  };
}

/** The unit of a tunnel, with the pinned version's path in it. */
export function tunnelUnitText({
  sandbox,
  kind,
  origin,
  arch,
  mirrors,
}: Omit<TunnelArgs, "running" | "token">): string {
  const cloudflared = artifact(readLock(), "cloudflared", arch, mirrors);
  return tunnelUnit({ sandbox, kind, origin, metricsPort, binary: `${artifactFolder(cloudflared)}/cloudflared` });
}

/** cloudflared, pinned and verified, as a service that is ready when its own `/ready` says so. */
export function cloudflareTunnel(args: TunnelArgs) {
  const { sandbox, token, running, arch, mirrors } = args;
  const { sha256: hash, ...cloudflared } = artifact(readLock(), "cloudflared", arch, mirrors);
  const credential = {
    path: paths.credential(`nemoclaw-tunnel@${sandbox}`, "tunnel-token"),
    content: new Sensitive(token ?? ""),
    mode: 0o600,
  };
  const credentialStep: Step<{ kind: string; sha256?: string }> =
    token === undefined ? ensureAbsent(credential) : ensureFile(credential);
  return all(`tunnel of ${sandbox}`, {
    user: ensureSystemUser({ name: users.tunnel }),
    program: ensureArtifact({ ...cloudflared, hash, form: "program" }),
    credential: credentialStep,
    unit: ensureUnit({
      name: unitName("tunnel", sandbox),
      text: tunnelUnitText(args),
      active: running,
      restartWhen: token === undefined ? [] : [credential],
    }),
    ready: ensureReady(running),
  });
}

/** The tunnel gone, with its token and the program. */
export function noCloudflareTunnel(sandbox: string) {
  return all(`no tunnel of ${sandbox}`, {
    unit: ensureNoUnit({ name: unitName("tunnel", sandbox) }),
    credential: ensureAbsent({ path: paths.credential(`nemoclaw-tunnel@${sandbox}`, "tunnel-token") }),
    program: ensureAbsent({ path: "/opt/nemoclaw/cloudflared" }),
  });
}
