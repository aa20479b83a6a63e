import { z } from "zod";
import { type Machine, machineSchema } from "../../host/machine.ts";
import { turn } from "../../host/runtimes/turn.ts";
import type { Step } from "../../host/step.ts";
import { sha256 } from "../../host/steps/file-facts.ts";
import {
  bridgeHealth,
  bridgeProgram,
  bridgeUnitText,
  noTelegramBridge,
  telegramBridge,
} from "../../host/steps/telegram-bridge.ts";
import { observedJson, observedSecret } from "../../host/steps/text-file.ts";
import { definitionOf, summaryOf } from "../../host/steps/unit-summary.ts";
import { hostHandler } from "../host-resource.ts";
import { sandboxName } from "./sandbox-name.ts";

interface BridgeInputs {
  readonly machine: Machine;
  readonly sandbox: string;
  readonly sandboxId: string;
  readonly chats: number[];
  readonly token: string;
  readonly apiRoot?: string;
  readonly running: boolean;
  readonly enabled: boolean;
  /** Of the unit file, which names the program's version; filled in by the plugin, which carries the program. */
  readonly definition?: string;
}

interface BridgeState extends BridgeInputs {
  readonly username?: string;
}

type Facts = Awaited<ReturnType<typeof telegramBridge>> extends Step<infer F> ? F : never;

/** Telegram in front of one sandbox. */
export const telegramBridgeResource = hostHandler<BridgeInputs, BridgeState, Facts>({
  type: "nemoclaw:host:TelegramBridge",
  inputs: z.strictObject({
    machine: machineSchema,
    sandbox: sandboxName,
    sandboxId: z.string(),
    chats: z.array(z.int()).min(1, "list at least one chat; an empty list would answer nobody, and no list everybody"),
    token: z.string().min(1),
    apiRoot: z.url({ protocol: /^https?$/ }).optional(),
    running: z.boolean(),
    enabled: z.literal(true),
    definition: z.string().optional(),
  }),
  replaceOn: [["sandbox"]],
  async fill(inputs) {
    const { version } = await bridgeProgram();
    return { ...inputs, definition: definitionOf(bridgeUnitText(inputs.sandbox, version)) };
  },
  nameOn: ({ sandbox }) => `${sandbox}/bridge`,
  step: (inputs) => telegramBridge({ ...inputs, turn: turn(inputs.sandbox, "{session}") }),
  health: ({ sandbox }) => bridgeHealth(sandbox),
  observe(inputs, facts) {
    if (facts.unit.file.kind === "absent" && facts.text === undefined) return "gone";
    const { chats, apiRoot } = observedJson(facts.text);
    const held = facts.credential.kind === "file" && facts.credential.sha256 === sha256(inputs.token);
    const { bot } = observedJson(facts.status);
    return {
      ...inputs,
      ...summaryOf(facts.unit),
      chats: chats as number[],
      apiRoot: apiRoot as string | undefined,
      token: observedSecret(inputs.token, held),
      username: typeof bot === "string" ? bot : undefined,
    };
  },
  removal: ({ sandbox }) => noTelegramBridge(sandbox),
});
