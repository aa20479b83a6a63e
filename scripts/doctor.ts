import { HostError, isCancelled } from "../host/errors.ts";
import type { Machine } from "../host/machine.ts";
import { connectTo } from "../host/pool.ts";
import { judge, preflightFacts } from "../host/preflight/preflight.ts";
import type { Finding, PreflightVerdict } from "../host/preflight/verdict.ts";
import { presentedKeys } from "../host/presented-keys.ts";
import { type CloudSettings, lookForNeeds } from "./cloud-needs.ts";
import { configuredMachine, configuredUse, configuredWay, reachOf } from "./configured-machine.ts";
import { describeComputer, describeKeys, describeMachine } from "./doctor-report.ts";
import { type Engine, findEngine } from "./engine-choice.ts";
import { lookAtEnvironment } from "./environment-look.ts";
import { hostAddress } from "./host-address.ts";
import { ExitError, runScript, stackCommand, standingsIn } from "./stack-command.ts";
import { machineOf, readStackState, type StackState } from "./stack-state.ts";
import { onMachine } from "./stack-status.ts";
import { plainText } from "./terminal-text.ts";

const program = stackCommand(
  "doctor",
  "What a stack's machine is like and what it lacks, and what is wrong with the environment that stands on it; before a cloud machine is made, what this computer lacks for it. Changes nothing. Exit code 1: something is missing or wrong.",
)
  .option(
    "--host-key <host[:port]>",
    "print the host keys of a machine, for a person to compare; logs in nowhere but to the jump host that machine.via of the stack names for this host",
  )
  .option("--json", "print it as JSON");

await runScript(async () => {
  program.parse();
  const { stack, hostKey, json } = program.opts<{ stack: string; hostKey?: string; json?: boolean }>();
  return hostKey === undefined ? look(stack, json) : show(stack, hostKey, json);
});

async function show(stack: string, text: string, json?: boolean): Promise<number> {
  const host = hostAddress(text);
  if (!host) throw new ExitError(`--host-key takes HOST or HOST:PORT, not ${text}`, 64);
  const way = await configuredWay(stack, host.address);
  const keys = await presentedKeys(host.address, host.port, way);
  console.log(json ? JSON.stringify({ ...host, keys }, null, 2) : describeKeys(text, keys, way?.via));
  return 0;
}

async function look(stack: string, json?: boolean): Promise<number> {
  const engine = await findEngine();
  // Before the first deployment there may be no backend yet, and all the rest is worth knowing nevertheless.
  let unread: Error | undefined;
  const state = await readStackState(engine, stack).catch((error: Error) => {
    if (isCancelled(error)) throw error;
    unread = error;
    return undefined;
  });
  const deployed = machineOf(state);
  if (state && deployed) return lookAtMachine(stack, deployed, { state }, json);
  const settings = await configuredMachine(stack);
  if (settings?.kind === "existing") {
    return lookAtMachine(stack, await reachOf(engine, stack, settings), { state, unread }, json);
  }
  if (settings?.kind === "aws" || settings?.kind === "gcp") {
    return lookAtComputer(stack, settings, { engine, unread }, json);
  }
  if (unread) throw unread;
  throw new ExitError(
    `Stack ${stack} has no machine to look at: nothing is deployed, and its file names none that exists already.
  try   scripts/doctor -s STACK, with a stack of machine kind existing, aws or gcp, or one that is up`,
    1,
  );
}

/** With what has been made on it already, or why nobody knows. */
async function lookAtMachine(
  stack: string,
  machine: Machine,
  { state, unread }: { readonly state?: StackState | undefined; readonly unread?: Error | undefined },
  json?: boolean,
): Promise<number> {
  const log = (line: string) => console.error(line);
  const connect = (to: Machine) => connectTo(to, { connectSeconds: 30, log });
  const where = `${machine.user}@${machine.address}:${machine.port}`;
  const wants = { ...machine, ...(await configuredUse(stack)) };
  // One that does not answer hides no other, where there is another.
  const isAll = !state || standingsIn(state).every((standing) => standing.machine.id === machine.id);
  const [facts, environment] = await Promise.all([
    connect(machine)
      .then((host) => host.look(preflightFacts(wants, Date.now())))
      .catch((error: unknown) => {
        if (isAll || !(error instanceof HostError) || isCancelled(error)) throw error;
        return error;
      }),
    state && lookAtEnvironment(stack, state, (standing) => connect(standing.machine)),
  ]);
  const { missing, ...judged } = facts instanceof HostError ? notLookedAt(facts) : judge(facts, wants);
  const verdict = { ...judged, missing: [...missing, ...unreadState(unread)] };
  const { stopped } = environment ?? {};
  // A full disk is a fault of the environment, too, and is told once.
  const told = verdict.missing.flatMap(({ found }) => [found, onMachine(machine, found)]);
  const faults = (environment?.faults ?? []).filter(({ found }) => !told.includes(found));
  const seen = facts instanceof HostError ? undefined : facts;
  if (json) console.log(JSON.stringify({ stack, machine: where, ...verdict, faults, stopped, facts: seen }, null, 2));
  else console.log(plainText(describeMachine(where, seen, verdict, { faults, stopped })));
  return verdict.missing.length + faults.length === 0 ? 0 : 1;
}

function notLookedAt({ details }: HostError): PreflightVerdict {
  const hint = details.try ?? "look at the machine yourself, then run this again";
  const found = `nothing is known of the machine: ${details.summary}`;
  return { missing: [{ what: "machine", found, try: hint }], notes: [] };
}

async function lookAtComputer(
  stack: string,
  settings: CloudSettings,
  { engine, unread }: { readonly engine: Engine; readonly unread: Error | undefined },
  json?: boolean,
): Promise<number> {
  const { found, missing } = await lookForNeeds(settings, engine);
  const verdict = { found, missing: [...missing, ...unreadState(unread)] };
  const made = unread === undefined ? "not made yet" : "nobody knows whether it is made";
  const machine = `${settings.kind}, ${settings.zone}, ${made}`;
  console.log(
    json ? JSON.stringify({ stack, machine, ...verdict }, null, 2) : plainText(describeComputer(machine, verdict)),
  );
  return verdict.missing.length === 0 ? 0 : 1;
}

/** Where nothing says what has been made, nobody can tell that it is well. */
function unreadState(unread: Error | undefined): Finding[] {
  if (unread === undefined) return [];
  const [said = "", hint = "pulumi login, or set PULUMI_BACKEND_URL"] = unread.message.split("\n  try   ");
  const lines = said.split("\n").map((line) => line.trim());
  const found = [...new Set([lines[0], lines.at(-1)])].join("; ");
  return [{ what: "state", found, try: hint }];
}
