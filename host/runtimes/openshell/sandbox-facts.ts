import type { Question } from "../../question.ts";
import { openshellQuestion, type Patience } from "./cli.ts";
import { runningContainers, workloadContainer } from "./container.ts";

/** What the gateway says of a sandbox. */
export type BoxFacts =
  | { readonly kind: "absent" }
  /** The gateway could not be asked, which does not mean that there is no sandbox. */
  | { readonly kind: "unreachable"; readonly said: string }
  | {
      readonly kind: "there";
      /** `Provisioning`, `Ready`, `Stopped`, `Error`, … as the gateway words it. Error is final. */
      readonly phase: string;
      readonly labels: Readonly<Record<string, string>>;
      /** As the gateway would have it enforced, which for the static part is not what is. */
      readonly policy: unknown;
      /** The policy is one that somebody set for every sandbox of the gateway. */
      readonly ofGateway: boolean;
      /** Which version of its policy the sandbox itself said it has loaded; a release may not tell. */
      readonly loadedVersion?: number;
    };

export function boxFacts(sandbox: string, patience?: Patience): Question<BoxFacts> {
  return openshellQuestion(["sandbox", "get", sandbox, "-o", "json"], parseBox, patience);
}

/** Reads the answer to `openshell sandbox get NAME -o json`. */
export function parseBox(said: {
  readonly stdout: string;
  readonly exitCode: number;
  readonly unreachable: boolean;
}): BoxFacts {
  const { stdout, exitCode } = said;
  if (exitCode !== 0) {
    if (/sandbox not found/.test(stdout)) return { kind: "absent" };
    return { kind: "unreachable", said: stdout.trim().slice(0, 1000) };
  }
  try {
    const { phase, labels, policy, ...more } = JSON.parse(stdout) as Record<string, unknown>;
    const { policy_source, current_policy_version: version } = more;
    return {
      kind: "there",
      phase: String(phase),
      labels: (labels ?? {}) as Record<string, string>,
      policy,
      ofGateway: policy_source === "global",
      ...(typeof version === "number" && { loadedVersion: version }),
    };
  } catch {
    return { kind: "unreachable", said: `not JSON: ${stdout.trim().slice(0, 500)}` };
  }
}

/** Whether a sandbox's container runs, by Docker's word; undefined where Docker does not answer. */
export function runsFacts(sandbox: string): Question<boolean | undefined> {
  return {
    script: runningContainers(sandbox),
    parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout.trim() !== "" : undefined),
  };
}

/** What Docker says of a sandbox's container; undefined when it has none. */
export interface ContainerFacts {
  readonly id: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly pids: number;
}

export function containerFacts(sandbox: string): Question<ContainerFacts | undefined> {
  return {
    script: `id=$(${workloadContainer(sandbox)})
test -n "$id" || exit 1
docker inspect --format '{{.Id}} {{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}' "$id"`,
    parse: ({ stdout, exitCode }) => {
      if (exitCode !== 0) return undefined;
      const [id = "", memory, cpus, pids] = stdout.trim().split(" ");
      // Docker writes no limit as 0, or as <nil>.
      const number = (text: string | undefined) => (/^\d+$/.test(text ?? "") ? Number(text) : 0);
      return { id, memoryBytes: number(memory), cpus: number(cpus) / 1e9, pids: number(pids) };
    },
  };
}
