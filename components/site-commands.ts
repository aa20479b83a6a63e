import { Command } from "@pulumi/command/remote/command.js";
import { Logging } from "@pulumi/command/types/enums/remote/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "../resources/machine-inputs.ts";
import { refuseBroken } from "./machine/guarded.ts";
import type { ProvidedMachine } from "./machine/provided-machine.ts";

export interface SiteCommandArgs {
  readonly name: string;
  /** Shell commands; shown in previews. */
  readonly create: string;
  readonly update?: string;
  readonly delete?: string;
  /** What they get on standard input. */
  readonly stdin?: pulumi.Input<string>;
}

/** Commands of the site's own on a machine, one after the other in their order. They cannot be read back, so they show no drift. */
export class SiteCommands extends pulumi.ComponentResource {
  /** The last of them; depend on it to come after all. */
  readonly last?: pulumi.Resource;

  constructor(
    name: string,
    args: { readonly on: ProvidedMachine; readonly commands: readonly SiteCommandArgs[] },
    opts?: pulumi.ComponentResourceOptions & { readonly after?: readonly pulumi.Resource[] },
  ) {
    const { after = [], ...rest } = opts ?? {};
    super("nemoclaw:index:SiteCommands", name, {}, rest);
    const { machine, deletedWith } = args.on;
    const connection = connectionTo(machine);
    // Its class makes a secret of the connection, which no guardrail looks into.
    if (args.commands.length > 0) refuseBroken({ type: "command:remote:Command", name, props: { connection } });
    let before: readonly pulumi.Resource[] = after;
    for (const { name: command, stdin, ...scripts } of args.commands) {
      const made: Command = new Command(
        `${name}-${command}`,
        {
          ...(stdin === undefined ? scripts : readsAll(scripts)),
          connection,
          // What a command prints may be as secret as what it reads.
          logging: Logging.None,
          addPreviousOutputInEnv: false,
          ...(stdin === undefined ? {} : { stdin: pulumi.secret(stdin) }),
        },
        { parent: this, deletedWith, dependsOn: [...before], additionalSecretOutputs: ["stdout", "stderr"] },
      );
      before = [made];
      this.last = made;
    }
    this.registerOutputs({});
  }
}

type Scripts = Pick<SiteCommandArgs, "create" | "update" | "delete">;

// The provider calls a command failed when it ends before it has taken all of its standard input.
function readsAll(scripts: Scripts): Scripts {
  const written = Object.entries(scripts).filter(([, script]) => script !== undefined);
  const wrapped = written.map(([when, script]) => [when, `trap 'cat >/dev/null' EXIT\n${script}`]);
  return Object.fromEntries(wrapped) as Scripts;
}

function connectionTo({ id, address, port, user, privateKey, agentSocket, hostKeys, via }: MachineInputs) {
  // By its id a cloud machine has its final key before anything connects to it.
  const host = pulumi.all([address, id]).apply(([where]) => where);
  const jump = via as JumpHost | undefined;
  const ways = { privateKey, agentSocketPath: agentSocket };
  const proxy = jump && {
    host: jump.address,
    port: jump.port,
    user: jump.user,
    hostKey: pinOf(jump.hostKeys),
    ...ways,
  };
  return { host, port, user, hostKey: pinOf(hostKeys), ...ways, ...(proxy ? { proxy } : {}) };
}

/** The key that is pinned. Where keys are written out there is an answer at once, and of a lack of them the guardrail tells. */
function pinOf(hostKeys: readonly pulumi.Input<string>[]): pulumi.Input<string> | undefined {
  const written = hostKeys.filter((key) => typeof key === "string");
  if (written.length === hostKeys.length) return pinAmong(written);
  return pulumi.all([...hostKeys]).apply((keys) => {
    const pin = pinAmong(keys);
    // Without one it would take any host key.
    if (pin === undefined) throw new pulumi.RunError("site commands need a pinned host key, and the machine has none");
    return pin;
  });
}

// The provider takes one key, and of an RSA key it wants a kind of signature that sshd has not offered since OpenSSH 8.8.
function pinAmong(hostKeys: readonly string[]): string | undefined {
  const keys = hostKeys.map((key) => key.trim()).filter((key) => key !== "");
  const pin = keys.find((key) => !key.startsWith("ssh-rsa "));
  if (pin === undefined && keys.length > 0) {
    throw new pulumi.RunError("site commands need a pinned host key that is not RSA");
  }
  return pin;
}

interface JumpHost {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeys: readonly string[];
}
