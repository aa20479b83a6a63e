import { connectTo } from "../host/pool.ts";
import { judge, preflightFacts } from "../host/preflight/preflight.ts";
import { presentedKeys } from "../host/presented-keys.ts";
import { configuredMachine } from "./configured-machine.ts";
import { describeKeys, describeMachine } from "./doctor-report.ts";
import { findEngine } from "./engine-choice.ts";
import { hostAddress } from "./host-address.ts";
import { ExitError, runScript, stackCommand } from "./stack-command.ts";
import { machineOf, readStackState } from "./stack-state.ts";

const program = stackCommand(
  "doctor",
  "What a stack's machine is like, and what it lacks. Changes nothing. Exit code 1: something is missing.",
)
  .option("--host-key <host[:port]>", "print the host keys of a machine, for a person to compare; logs in nowhere")
  .option("--json", "print it as JSON");

await runScript(async () => {
  program.parse();
  const { stack, hostKey, json } = program.opts<{ stack: string; hostKey?: string; json?: boolean }>();
  return hostKey === undefined ? look(stack, json) : show(hostKey, json);
});

async function show(text: string, json?: boolean): Promise<number> {
  const host = hostAddress(text);
  if (!host) throw new ExitError(`--host-key takes HOST or HOST:PORT, not ${text}`, 64);
  const keys = await presentedKeys(host.address, host.port);
  console.log(json ? JSON.stringify({ ...host, keys }, null, 2) : describeKeys(text, keys));
  return 0;
}

async function look(stack: string, json?: boolean): Promise<number> {
  const engine = await findEngine();
  const machine = machineOf(await readStackState(engine, stack)) ?? (await configuredMachine(engine, stack));
  if (!machine) {
    throw new ExitError(
      `Stack ${stack} has no machine to look at: nothing is deployed, and its file names none that exists already.
  try   scripts/doctor -s STACK, with a stack of machine kind existing, or one that is up`,
      1,
    );
  }
  const host = await connectTo(machine, { connectSeconds: 30, log: (line) => console.error(line) });
  const facts = await host.look(preflightFacts(machine.owner, Date.now()));
  const verdict = judge(facts, machine);
  const where = `${machine.user}@${machine.address}:${machine.port}`;
  if (json) console.log(JSON.stringify({ stack, machine: where, ...verdict, facts }, null, 2));
  else console.log(describeMachine(where, facts, verdict));
  return verdict.missing.length === 0 ? 0 : 1;
}
