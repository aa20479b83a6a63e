import * as pulumi from "@pulumi/pulumi";
import type { MirrorsArgs } from "./docker-engine.ts";
import type { MachineInputs } from "./machine-inputs.ts";

export interface CloudflareTunnelArgs {
  readonly machine: MachineInputs;
  readonly sandbox: pulumi.Input<string>;
  readonly sandboxId: pulumi.Input<string>;
  readonly kind: pulumi.Input<"quick" | "named">;
  /** What the tunnel points at, on the machine's loopback. */
  readonly origin: pulumi.Input<{ host: string; port: number }>;
  /** The public name of a named tunnel. */
  readonly hostname?: pulumi.Input<string>;
  /** Who is let in. Known to the stack and the policy pack, and no setting of the machine. */
  readonly access: pulumi.Input<"cloudflare-access" | "public">;
  /** Why everybody is; needed with access `public`. */
  readonly reason?: pulumi.Input<string>;
  /** A named tunnel's token. */
  readonly token?: pulumi.Input<string>;
  readonly mirrors?: pulumi.Input<MirrorsArgs>;
  /** @default true */
  readonly running?: pulumi.Input<boolean>;
}

/** cloudflared as a service, ready when its own `/ready` says so. A quick tunnel's address is an output, never drift. */
export class CloudflareTunnel extends pulumi.CustomResource {
  declare readonly url: pulumi.Output<string>;

  constructor(name: string, args: CloudflareTunnelArgs, opts?: pulumi.CustomResourceOptions) {
    const token = args.token === undefined ? undefined : pulumi.secret(args.token);
    const secret = pulumi.mergeOptions(opts, { additionalSecretOutputs: ["token"] });
    super(
      "nemoclaw:host:CloudflareTunnel",
      name,
      { running: true, ...args, enabled: true, token, url: undefined },
      secret,
    );
  }
}
