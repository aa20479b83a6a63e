import { AgentSandbox } from "../components/agent-sandbox.ts";
import { provideMachine } from "../components/machine/provide-machine.ts";
import { SandboxHost } from "../components/sandbox-host.ts";
import { CloudflareTunnel } from "../resources/cloudflare-tunnel.ts";
import { TelegramBridge } from "../resources/telegram-bridge.ts";
import { loadConfig } from "./config.ts";

const { secrets, mirrors, ...config } = loadConfig();

// A machine, prepared to run sandboxes …
const on = provideMachine("machine", { ...config.machine, ca: mirrors.ca, privateKey: secrets.sshPrivateKey });
const host = new SandboxHost("host", { on, runtime: "embedded", mirrors });

// … runs the agent in one, under a policy, with a model …
const agent = new AgentSandbox("main", {
  host,
  policy: config.policy,
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
export const bot = bridge?.username;
export const url = door?.url;
