import type * as pulumi from "@pulumi/pulumi";
import { AgentSandbox } from "../components/agent-sandbox.ts";
import { comesAfter } from "../components/comes-after.ts";
import { provideMachine } from "../components/machine/provide-machine.ts";
import { SandboxHost } from "../components/sandbox-host.ts";
import { originsOf } from "../policies/origins.ts";
import { CloudflareTunnel } from "../resources/cloudflare-tunnel.ts";
import { TelegramBridge } from "../resources/telegram-bridge.ts";
import { loadConfig } from "./config.ts";
import { noteDeclared } from "./left-by-update.ts";

const declared = noteDeclared();
const { secrets, siteSecret, mirrors, ...config } = loadConfig();
const { kind, accept } = config.runtime;

// A machine, prepared to run sandboxes …
const on = await provideMachine("machine", {
  ...config.machine,
  ca: mirrors.ca,
  privateKey: secrets.sshPrivateKey,
  prepared: { runtime: { kind, accept }, docker: config.docker.source },
});
const prepared = await siteCommands("before");
const host = new SandboxHost(
  "host",
  { on, runtime: config.runtime, docker: config.docker.source, mirrors },
  comesAfter(prepared?.last),
);
await siteCommands("after", [host]);

// … runs the agent in one, under a policy, with a model …
const agent = new AgentSandbox("main", {
  host,
  policy: config.policy,
  policyOrigins: originsOf(config.policy.network_policies, config.policySources),
  agent: config.agent,
  limits: config.limits,
  inference: { ...config.inference, key: secrets.inferenceKey },
  workspace: config.workspace,
});

// … and people reach it by Telegram, and its status page through a tunnel.
const { telegram, tunnel } = config;
const bridge =
  telegram && secrets.telegramToken
    ? new TelegramBridge("telegram", { ...agent.reach, ...telegram, token: secrets.telegramToken }, agent.beside)
    : undefined;
const door =
  tunnel.kind === "none"
    ? undefined
    : new CloudflareTunnel(
        "tunnel",
        {
          ...agent.reach,
          kind: tunnel.kind,
          // The guardrails let no quick tunnel through that does not say so itself.
          access: tunnel.access ?? "public",
          reason: tunnel.reason,
          hostname: tunnel.kind === "named" ? tunnel.hostname : undefined,
          origin: agent.origin,
          token: tunnel.kind === "named" ? secrets.tunnelToken : undefined,
          mirrors,
        },
        agent.beside,
      );

export const machine = on.machine.address;
export const model = agent.model;
export const enforced = agent.enforced;
// What was accepted; what is left out of the policy for it can be seen nowhere else.
export const gaps = config.gaps;
// Also where an older one was taken knowingly.
export const docker = host.dockerVersion;
// Who stopped the environment on purpose, when and why; scripts/start ends it.
export const stopped = agent.stopped;
// Telegram tells it to a bridge that runs.
export const bot = bridge?.username.apply((name) => name ?? "not known while it is down") ?? "none";
export const url = door?.url ?? "none";
// What a refresh finds gone is no longer in the state, so that only this tells that it was there.
export const leftByUpdate = declared();

// Loaded only where there are any, because their provider is one that has to be downloaded.
async function siteCommands(when: "before" | "after", after: pulumi.Resource[] = []) {
  const commands = config.siteCommands
    .filter((command) => command.when === when)
    .map(({ when: _, stdin, ...command }) => ({
      ...command,
      stdin: stdin === undefined ? undefined : siteSecret(stdin),
    }));
  if (commands.length === 0) return undefined;
  const { SiteCommands } = await import("../components/site-commands.ts");
  return new SiteCommands(`site-${when}`, { on, commands }, { after });
}
