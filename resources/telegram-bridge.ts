import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "./machine-inputs.ts";

export interface TelegramBridgeArgs {
  readonly machine: MachineInputs;
  readonly sandbox: pulumi.Input<string>;
  readonly sandboxId: pulumi.Input<string>;
  /** The only chats that are answered; at least one. */
  readonly chats: pulumi.Input<number[]>;
  readonly token: pulumi.Input<string>;
  /** A Bot API server of one's own. @default Telegram's */
  readonly apiRoot?: pulumi.Input<string>;
  /** @default true */
  readonly running?: pulumi.Input<boolean>;
}

/**
 * A Telegram bot that talks to one sandbox. It polls from the machine, so nothing listens on the internet.
 *
 * @remarks
 * Telegram allows one poller a token: a replacement stops the old bot before it starts the new one.
 */
export class TelegramBridge extends pulumi.CustomResource {
  declare readonly username: pulumi.Output<string>;

  constructor(name: string, args: TelegramBridgeArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = pulumi.mergeOptions(opts, { additionalSecretOutputs: ["token"] });
    const wanted = { running: true, ...args, enabled: true, token: pulumi.secret(args.token) };
    super("nemoclaw:host:TelegramBridge", name, { ...wanted, username: undefined }, secret);
  }
}
