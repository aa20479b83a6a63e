import type { PreviewState } from "./preview-step.ts";

/** What a type of resource is called in a report, and what goes with it. */
interface Kind {
  readonly label: string;
  /** Lost when it is replaced or deleted; nothing where it can be made again as it was. */
  readonly lost?: string;
}

/** What is lost with a Telegram bridge. */
export const lossOfBridge = "messages that are not answered yet";

const kinds: Record<string, Kind> = {
  "nemoclaw:local:Machine": { label: "machine", lost: "everything on it, the agent's workspace included" },
  "aws:ec2/instance:Instance": {
    label: "machine",
    lost: "everything on its root disk; a new address unless that is a resource of its own",
  },
  "gcp:compute/instance:Instance": {
    label: "machine",
    lost: "everything on its boot disk; a new address unless that is a resource of its own",
  },
  "aws:ebs/volume:Volume": { label: "disk", lost: "everything on it" },
  "gcp:compute/disk:Disk": { label: "disk", lost: "everything on it" },
  "nemoclaw:host:Workspace": { label: "workspace", lost: "the agent's files" },
  "nemoclaw:host:Sandbox": { label: "sandbox", lost: "the agent restarts; its files outside the workspace go" },
  "nemoclaw:host:TelegramBridge": { label: "Telegram bridge", lost: lossOfBridge },
  "nemoclaw:index:SshKeyPair": {
    label: "SSH key pair",
    lost: "the key, and with it the way to whatever trusts only that one",
  },
  "nemoclaw:index:ReplacementGuard": { label: "replacement guard" },
  "nemoclaw:host:CloudflareTunnel": { label: "tunnel" },
  "nemoclaw:host:NetworkPolicy": { label: "network policy" },
  "nemoclaw:host:InferenceRoute": { label: "inference route" },
  "nemoclaw:host:Preflight": { label: "check of the machine" },
  "nemoclaw:host:DockerEngine": { label: "Docker" },
  "nemoclaw:host:NvidiaGpu": { label: "NVIDIA GPUs" },
  "nemoclaw:host:SandboxRuntime": { label: "sandbox runtime" },
  "nemoclaw:host:MachineIdentity": { label: "host key" },
  "nemoclaw:index:Demo": { label: "demo services" },
  "nemoclaw:local:Demo": { label: "demo services" },
};

// Rules, links, permissions, addresses and commands, which hold nothing themselves.
const empty = [
  /[sS]ecurityGroup|firewall|[rR]oute|[sS]ubnet|internetGateway|[aA]ssociation|[aA]ttachment|iam|IAM|pulumi:providers/,
  /^aws:ec2\/(eip|vpc):|:InstanceConnectEndpoint$|^gcp:compute\/(address|network|resourcePolicy):/,
  /^gcp:serviceaccount\/account:|^command:remote:Command$/,
];

/** What people call a type. */
export function labelOf(type: string): string {
  return kinds[type]?.label ?? type.split(":").at(-1) ?? type;
}

/** What is lost when a resource goes. Of a type that is not known, whatever it held. */
export function lossOf(type: string, state: PreviewState | null | undefined): string | undefined {
  if (type === "nemoclaw:host:Workspace" && state?.inputs?.keep === true) return undefined;
  if (type in kinds) return kinds[type]?.lost;
  return empty.some((pattern) => pattern.test(type)) ? undefined : "whatever it holds";
}

/** What is lost with a sandbox that its runtime makes anew; the agent's own state lies on the machine. */
export const lossOfRemaking =
  "the agent restarts; what its sandbox holds besides the workspace and the agent's state goes";

/** Whether a type is a machine, whose replacement takes along what stands on it. */
export function isMachine(type: string): boolean {
  return labelOf(type) === "machine";
}
