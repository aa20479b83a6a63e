import { z } from "zod";
import { machineSettings } from "../machine-kinds/index.ts";
import { serviceUrl, url } from "./addresses.ts";
import { reason } from "./reason.ts";
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
  "deployment",
  "nesting",
  "credentials",
  "middlewares",
  "private-addresses",
  "endpoint-paths",
  "control-ports",
  "docker-version",
  "recreate",
] as const;

const accept = z
  .array(z.enum(acceptable))
  .default([])
  .describe(
    "What the runtime does not enforce as written and you take knowingly; docs/policies.md explains each name.",
  );

const runtime = z.discriminatedUnion("kind", [
  z
    .strictObject({ kind: z.literal("embedded"), accept })
    .describe("Needs nothing but npm and the distribution's packages."),
  z
    .strictObject({
      kind: z.literal("openshell"),
      version: text.optional().describe("Must be the one that nemoclaw.lock.json pins. Default: that one."),
      image: text
        .optional()
        .describe(
          "Image that the sandbox is made from, by the reference under which nemoclaw.lock.json pins it (`scripts/lock refresh REFERENCE`); it must bring sh, ip, nft, curl, find and sed. Default: one from the distribution's packages, made on the machine.",
        ),
      accept,
    })
    .describe("NVIDIA OpenShell: Docker, and a gateway of its own. For real environments."),
]);

const docker = z.strictObject({
  source: z
    .enum(["distribution", "docker"])
    .default("distribution")
    .describe(
      "What a machine without Docker gets: the distribution's package, or Docker's own from its signed repository. A Docker that is there is used as it is: it is never set, restarted, exchanged or removed.",
    ),
});

const policy = z.strictObject({
  presets: z.array(text).default([]).describe("Files of `policies/presets` by name: `github`, `npm`."),
  file: text
    .optional()
    .describe("A policy file of your own, from the project's folder. Added to baseline and presets. Default: none."),
});

const limits = z.strictObject({
  memory: atLeast("2000M", "the agent alone takes 1.2 GB, and is killed below 2 GB")
    .default("2500M")
    .describe("Memory, in K, M, G or T (powers of 1024)."),
  cpus: z.number().min(0.5).max(1024).default(2).describe("CPUs, also in part."),
  pids: z.int().min(128).max(1_000_000).default(512).describe("Processes and threads together."),
  logs: atLeast("8M", "systemd keeps at least one journal file of that size")
    .default("200M")
    .describe("Disk for the sandbox's log, in K, M, G or T."),
});

const chat = z.int().refine((id) => id !== 0, { error: "0 is not a chat", params: { instead: "the chat's number" } });

const telegram = z.strictObject({
  chats: z
    .array(chat)
    .refine((chats) => chats.length > 0, {
      error: "no chat is listed, so nobody would be answered",
      params: {
        instead: "[NUMBER]; a bot such as @userinfobot tells a chat's number. Without a bridge, leave telegram out",
      },
    })
    .describe("The only chats that are answered, by number; a group's is negative."),
  apiRoot: serviceUrl.optional().describe("A Bot API server of your own. Default: Telegram's."),
});

const model = z
  .string()
  .regex(/^\S+$/, { error: "expected a model's name, without spaces, such as nvidia/nemotron-3-super-120b-a12b" })
  .describe("The model that every request goes to.");
const baseUrl = serviceUrl.describe(
  "Address of the service, with its `/v1` as a rule; http only within your own network.",
);

const verify = z
  .boolean()
  .optional()
  .describe(
    "Whether the service is asked for a short answer before the agent is led there, at a change of service, model or key: from the machine, under OpenShell as its sandboxes reach it. A service that does not answer is a failure, and the agent stays where it was. Of a service that nobody asked, no name that the agent reports for its model is drift. Default: true under OpenShell, false under `embedded`.",
  );

const inference = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("nvidia"),
      baseUrl: baseUrl.prefault("https://integrate.api.nvidia.com/v1"),
      model,
      verify,
    })
    .describe("NVIDIA's hosted models; needs the secret `inferenceKey`."),
  z.strictObject({ kind: z.literal("openai"), baseUrl, model, verify }).describe("Any OpenAI-compatible service."),
  z
    .strictObject({ kind: z.literal("machine"), baseUrl, model, verify })
    .describe("A model server on the machine itself."),
]);

const hostname = text.regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i, {
  error: "expected a public host name such as agent.example.com",
});

const why = reason.optional().describe("Why everybody may come in; needed with `access: public`. Default: none.");

const tunnel = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z
    .strictObject({
      kind: z.literal("quick"),
      access: z
        .literal("public")
        .optional()
        .describe("Everybody is let in; to be said in so many words: it must be there."),
      reason: why,
    })
    .describe("A new public address at every start."),
  z
    .strictObject({
      kind: z.literal("named"),
      hostname: hostname.describe("Public name of the tunnel."),
      access: z
        .enum(["cloudflare-access", "public"])
        .default("cloudflare-access")
        .describe("Who is let in: those that Cloudflare Access admits, or everybody."),
      reason: why,
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
  npm: url("https", "http").optional().describe("npm registry. Default: the public one."),
  apt: url("https", "http")
    .optional()
    .describe("Mirror of the distribution's packages. Default: what the machine is set to."),
  artifacts: url("https", "http", "file")
    .optional()
    .describe(
      "In place of https://github.com, with the same paths below; `file:///srv/mirror` is a folder on the machine itself. Default: GitHub itself.",
    ),
  registry: url("https", "http")
    .optional()
    .describe(
      "Container registry in place of those that images name, with the same paths below. Docker on the machine must trust it, and takes http only from its own loopback. Default: the one in each image's name.",
    ),
  ca: text
    .optional()
    .describe(
      "PEM file, from the project's folder, or its text: authorities to trust besides the public ones. Default: none.",
    ),
});

/** The settings of a stack, each a top-level key, with its defaults. */
export const sections = {
  machine: machineSettings,
  runtime,
  docker: docker.prefault({}),
  policy: policy.prefault({}),
  limits: limits.prefault({}),
  agent: z
    .strictObject({
      version: text
        .optional()
        .describe("Must be the one that services/agent/package-lock.json pins. Default: that one."),
    })
    .prefault({}),
  inference,
  telegram: telegram.optional(),
  tunnel: tunnel.prefault({ kind: "none" }),
  mirrors: mirrors.prefault({}),
  workspace: z
    .strictObject({
      keep: z.boolean().default(false).describe("Keep what the agent made when the stack is destroyed."),
    })
    .prefault({}),
  siteCommands,
};

export type Sections = { [K in keyof typeof sections]: z.output<(typeof sections)[K]> };
