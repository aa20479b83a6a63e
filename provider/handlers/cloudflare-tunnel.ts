import { z } from "zod";
import { type Machine, machineSchema } from "../../host/machine.ts";
import type { Mirrors } from "../../host/runtimes/runtime.ts";
import type { Step } from "../../host/step.ts";
import {
  cloudflareTunnel,
  noCloudflareTunnel,
  tunnelHealth,
  tunnelUnitText,
} from "../../host/steps/cloudflare-tunnel.ts";
import { sha256 } from "../../host/steps/file-facts.ts";
import { observedSecret } from "../../host/steps/text-file.ts";
import { definitionOf, summaryOf } from "../../host/steps/unit-summary.ts";
import { hostHandler } from "../host-resource.ts";
import { holdsUnknown } from "../wire.ts";
import { mirrorsSchema } from "./mirrors.ts";
import { sandboxName } from "./sandbox-name.ts";

interface TunnelInputs {
  readonly machine: Machine;
  readonly sandbox: string;
  readonly sandboxId: string;
  readonly kind: "quick" | "named";
  readonly origin: { readonly host: string; readonly port: number };
  readonly hostname?: string;
  /** Who is let in, and why everybody: kept in state for those who review it, and nothing on the machine depends on it. */
  readonly access: "cloudflare-access" | "public";
  readonly reason?: string;
  readonly token?: string;
  readonly mirrors?: Mirrors;
  readonly running: boolean;
  readonly enabled: boolean;
  readonly definition?: string;
}

interface TunnelState extends TunnelInputs {
  readonly url?: string;
}

type Facts = ReturnType<typeof cloudflareTunnel> extends Step<infer F> ? F : never;

const argsOf = (inputs: TunnelInputs) => ({ ...inputs, arch: inputs.machine.arch });

/** cloudflared in front of one sandbox. */
export const cloudflareTunnelResource = hostHandler<TunnelInputs, TunnelState, Facts>({
  type: "nemoclaw:host:CloudflareTunnel",
  inputs: z
    .strictObject({
      machine: machineSchema,
      sandbox: sandboxName,
      sandboxId: z.string(),
      kind: z.enum(["quick", "named"]),
      origin: z.strictObject({ host: z.literal("127.0.0.1"), port: z.int().min(1).max(65535) }),
      hostname: z.string().optional(),
      access: z.enum(["cloudflare-access", "public"]),
      reason: z.string().min(1).optional(),
      token: z.string().min(1).optional(),
      mirrors: mirrorsSchema.optional(),
      running: z.boolean(),
      enabled: z.literal(true),
      definition: z.string().optional(),
    })
    .refine(({ kind, token }) => kind === "quick" || token !== undefined, {
      path: ["token"],
      message: "a named tunnel needs its token: pulumi config set --secret nemoclaw:tunnelToken",
    }),
  replaceOn: [["sandbox"]],
  fill(inputs) {
    if (holdsUnknown([inputs.origin, inputs.machine.arch])) return inputs;
    return { ...inputs, definition: definitionOf(tunnelUnitText(argsOf(inputs))) };
  },
  nameOn: ({ sandbox }) => `${sandbox}/tunnel`,
  step: (inputs) => cloudflareTunnel(argsOf(inputs)),
  health: ({ sandbox }) => tunnelHealth(sandbox),
  observe(inputs, facts) {
    if (facts.unit.file.kind === "absent") return "gone";
    const held = inputs.token === undefined || facts.credential.sha256 === sha256(inputs.token);
    const named = inputs.hostname === undefined ? undefined : `https://${inputs.hostname}`;
    const quick = facts.ready.hostname === undefined ? undefined : `https://${facts.ready.hostname}`;
    return {
      ...inputs,
      ...summaryOf(facts.unit),
      token: observedSecret(inputs.token, held),
      url: inputs.kind === "named" ? named : quick,
    };
  },
  removal: ({ sandbox }) => noCloudflareTunnel(sandbox),
});
