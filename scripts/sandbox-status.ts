import { z } from "zod";
import { quote } from "../host/command.ts";
import type { Host } from "../host/host.ts";
import { paths } from "../host/runtimes/embedded/paths.ts";
import type { Standing } from "./stack-command.ts";

export interface UnitStatus {
  readonly unit: string;
  /** systemd's words: `active/running`. */
  readonly state: string;
  /** When it last became so, as the machine says it. */
  readonly since: string;
}

/** What runs on a machine, asked there and compared with the stack's state. */
export interface SandboxStatus {
  /** The model or Telegram beside the machine are stand-ins. */
  readonly demo: boolean;
  readonly machine: { readonly id: string; readonly address: string; readonly port: number };
  readonly units: readonly UnitStatus[];
  /** The supervisor's own words; absent when it does not answer. */
  readonly agent?: Readonly<Record<string, unknown>>;
  readonly model: { readonly configured?: string; readonly inForce?: string };
  /** Digests of the policy file on the machine and of the one the gate enforces. */
  readonly policy: { readonly file?: string; readonly inForce?: string; readonly error?: string };
  readonly bridge?: Readonly<Record<string, unknown>>;
  /** What is not as it should be, in words; empty when all is well. */
  readonly faults: readonly string[];
}

const gateSchema = z.looseObject({ policySha256: z.string().optional(), error: z.string().optional() }).optional();
const routeSchema = z.looseObject({ model: z.string().optional(), error: z.string().optional() }).optional();
const recordSchema = z.record(z.string(), z.unknown()).optional();

/** Looks afresh, in one round trip. */
export async function readSandboxStatus(host: Host, { state, machine, sandbox }: Standing): Promise<SandboxStatus> {
  const bridge = state.find("nemoclaw:host:TelegramBridge");
  const tunnel = state.find("nemoclaw:host:CloudflareTunnel");
  const parts = ["sandbox", "gate", "route", ...(bridge ? ["bridge"] : []), ...(tunnel ? ["tunnel"] : [])];
  const units = parts.map((part) => `nemoclaw-${part}@${sandbox}.service`);
  const file = (part: "gate" | "route" | "bridge") => `cat ${paths.status(sandbox, part)}`;
  const said = await ask(host, {
    ...Object.fromEntries(
      units.map((unit) => [unit, `systemctl show -p ActiveState,SubState,StateChangeTimestamp ${quote(unit)}`]),
    ),
    policy: `sha256sum ${paths.config(sandbox, "policy")}`,
    gate: file("gate"),
    route: file("route"),
    bridge: file("bridge"),
    agent: `${paths.node} /opt/nemoclaw/supervisor/current/status.mjs --sandbox ${sandbox}`,
  });

  const gate = gateSchema.catch(undefined).parse(json(said.gate));
  const route = routeSchema.catch(undefined).parse(json(said.route));
  const wantedModel = state.find("nemoclaw:host:InferenceRoute")?.inputs.model;
  const status = {
    demo: state.find("nemoclaw:local:Demo") !== undefined,
    machine: { id: machine.id, address: machine.address, port: machine.port },
    units: units.map((unit) => unitStatus(unit, said[unit] ?? "")),
    agent: recordSchema.catch(undefined).parse(json(said.agent)),
    model: { configured: typeof wantedModel === "string" ? wantedModel : undefined, inForce: route?.model },
    policy: { file: said.policy?.split(" ")[0] || undefined, inForce: gate?.policySha256, error: gate?.error },
    bridge: bridge ? recordSchema.catch(undefined).parse(json(said.bridge)) : undefined,
  };
  return { ...status, faults: faultsOf(status, route?.error) };
}

function faultsOf(status: Omit<SandboxStatus, "faults">, routeError: string | undefined): string[] {
  const { units, agent, model, policy, bridge } = status;
  return [
    ...units.filter(({ state }) => state !== "active/running").map(({ unit, state }) => `${unit} is ${state}`),
    ...(agent === undefined
      ? ["the supervisor does not answer"]
      : agent.ready === false
        ? ["the agent is not ready"]
        : []),
    ...(model.inForce === model.configured ? [] : [`the route sends to ${model.inForce}, not ${model.configured}`]),
    ...(policy.file === policy.inForce ? [] : ["the gate enforces another policy than the file on the machine"]),
    ...(policy.error ? [`the gate refused a policy: ${policy.error}`] : []),
    ...(routeError ? [`the route refused a configuration: ${routeError}`] : []),
    ...(bridge?.lastError ? [`the bridge: ${bridge.lastError}`] : []),
  ];
}

function unitStatus(unit: string, shown: string): UnitStatus {
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(shown)?.[1] ?? "unknown";
  return { unit, state: `${value("ActiveState")}/${value("SubState")}`, since: value("StateChangeTimestamp") };
}

/** Runs several commands in one round trip; what one of them says cannot be taken for another's. */
async function ask(host: Host, commands: Record<string, string>): Promise<Record<string, string>> {
  const lines = Object.entries(commands).map(
    ([name, command]) => `printf '%s\\t%s\\n' ${quote(name)} "$({ ${command}; } 2>/dev/null | base64 -w0)"`,
  );
  const answer = await host.run({ title: "look at the units", script: lines.join("\n"), timeoutSeconds: 60 });
  const pairs = answer.stdout.split("\n").map((line) => line.split("\t"));
  return Object.fromEntries(
    pairs.flatMap(([name, text]) => (name && text ? [[name, Buffer.from(text, "base64").toString().trim()]] : [])),
  );
}

function json(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
