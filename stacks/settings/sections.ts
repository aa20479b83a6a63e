import { z } from "zod";
import { machineSettings } from "../machine-kinds/index.ts";
import { serviceUrl, url } from "./addresses.ts";
import { siteCommands } from "./site-commands.ts";
import { atLeast } from "./sizes.ts";

const text = z.string().min(1);

/** What a stack may take knowingly, by name; see docs/policies.md. */
export const acceptable = [
  "binaries",
  "protocols",
  "landlock",
  "devices",
  "kernel-files",
  "process",
  "homes",
  "nesting",
  "credentials",
  "middlewares",
  "docker-version",
] as const;

const runtime = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("embedded"), accept: z.array(z.enum(acceptable)).default([]) }),
  z
    .strictObject({
      kind: z.literal("openshell"),
      version: text.optional(),
      accept: z.array(z.enum(acceptable)).default([]),
    })
    .superRefine((_, context) => {
      const message = "the OpenShell runtime comes with a later release";
      context.addIssue({ code: "custom", path: ["kind"], message, params: { instead: "embedded" } });
    }),
]);

const policy = z.strictObject({
  /** Names of files in `policies/presets`. */
  presets: z.array(text).default([]),
  /** A policy file of the stack's own, from the project's folder. */
  file: text.optional(),
});

const limits = z.strictObject({
  memory: atLeast("2000M", "the agent alone takes 1.2 GB, and is killed below 2 GB").default("2500M"),
  cpus: z.number().min(0.5).max(1024).default(2),
  /** Processes and threads together. */
  pids: z.int().min(128).max(1_000_000).default(512),
  /** Disk for the sandbox's journal. */
  logs: atLeast("8M", "systemd keeps at least one journal file of that size").default("200M"),
});

const chat = z.int().refine((id) => id !== 0, { error: "0 is not a chat", params: { instead: "the chat's number" } });

const telegram = z.strictObject({
  /** The only chats that are answered. A group's number is negative. */
  chats: z.array(chat).refine((chats) => chats.length > 0, {
    error: "no chat is listed, so nobody would be answered",
    params: {
      instead: "[NUMBER]; a bot such as @userinfobot tells a chat's number. Without a bridge, leave telegram out",
    },
  }),
  /** A Bot API server of one's own. @default Telegram's */
  apiRoot: serviceUrl.optional(),
});

const model = text.regex(/^\S+$/, { error: "expected a model's name, without spaces" });

const inference = z.discriminatedUnion("kind", [
  /** NVIDIA's hosted models. */
  z.strictObject({
    kind: z.literal("nvidia"),
    baseUrl: serviceUrl.default("https://integrate.api.nvidia.com/v1"),
    model,
  }),
  /** Any OpenAI-compatible service. */
  z.strictObject({ kind: z.literal("openai"), baseUrl: serviceUrl, model }),
  /** A model server on the machine itself. */
  z.strictObject({ kind: z.literal("machine"), baseUrl: serviceUrl, model }),
]);

const hostname = text.regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i, {
  error: "expected a public host name such as agent.example.com",
});

const tunnel = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  /** A new public address at every start. */
  z.strictObject({ kind: z.literal("quick"), access: z.literal("public").optional(), reason: text.optional() }),
  z
    .strictObject({
      kind: z.literal("named"),
      hostname,
      /** Who is let in: those that Cloudflare Access admits, or everybody. */
      access: z.enum(["cloudflare-access", "public"]).default("cloudflare-access"),
      /** Why everybody may come in. */
      reason: text.optional(),
    })
    .superRefine(({ access, reason }, context) => {
      if (access !== "public" || reason !== undefined) return;
      const message = "a tunnel that lets everybody in needs a reason";
      context.addIssue({
        code: "custom",
        path: ["reason"],
        message,
        params: { instead: "reason: why, or access: cloudflare-access" },
      });
    }),
]);

const mirrors = z.strictObject({
  npm: url("https", "http").optional(),
  apt: url("https", "http").optional(),
  artifacts: url("https", "http", "file").optional(),
  /** PEM text of further certificate authorities, or the path of a file with them, from the project's folder. */
  ca: text.optional(),
});

/** The settings of a stack, each a top-level key, with its defaults. */
export const sections = {
  machine: machineSettings,
  runtime,
  policy: policy.prefault({}),
  limits: limits.prefault({}),
  agent: z.strictObject({ version: text.optional() }).prefault({}),
  inference,
  telegram: telegram.optional(),
  tunnel: tunnel.prefault({ kind: "none" }),
  mirrors: mirrors.prefault({}),
  workspace: z.strictObject({ keep: z.boolean().default(false) }).prefault({}),
  siteCommands,
};

export type Sections = { [K in keyof typeof sections]: z.output<(typeof sections)[K]> };
