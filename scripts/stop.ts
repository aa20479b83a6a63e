import { describeStopped } from "../host/stopped.ts";
import { inEachSandbox, settle } from "./each-sandbox.ts";
import { takeDown } from "./environment-power.ts";
import { messageOf } from "./message-of.ts";
import { connect, findStandings, runScript, stackCommand } from "./stack-command.ts";
import { plainText } from "./terminal-text.ts";

const program = stackCommand("stop", "Takes a stack's environment down at once: bridge, tunnel, agent, gate and route.")
  .option("--why <text>", "what others are to read about it")
  .option("--json", "print {by, since, why}")
  .addHelpText(
    "after",
    `
The machine stays up, and everything on it. A mark on the machine says who stopped the environment, when and why: neither
scripts/pulumi up nor a reboot starts it then, scripts/status and the stack's output "stopped" show it, and changes are made
ready for the next start. scripts/start takes it up again. Where OpenShell's gateway does not answer, the machine's Docker stops the
sandbox's container, and that is said; such a gateway may start it again when it comes back, as after a reboot. scripts/status then says
that it runs, and scripts/stop stops it. Of a stack that has several sandboxes all are taken down; the JSON then has
them in "sandboxes", each with its name, and with "error" where that failed.

Exit codes: 0 stopped, 1 error, 64 usage, 130 cancelled.`,
  );

await runScript(async () => {
  program.parse();
  const { stack, why, json } = program.opts<{ stack: string; why?: string; json?: boolean }>();
  const standings = await findStandings(stack);
  const outcomes = await inEachSandbox(stack, standings, async (standing, who) =>
    takeDown(await connect(standing), standing, (remark) => console.error(plainText(`${who}: ${remark}`)), why),
  );
  const down = outcomes.flatMap((one) => ("did" in one ? [{ ...one, ...one.did }] : []));
  if (json) {
    const told = outcomes.map((one) => ({
      sandbox: one.sandbox,
      ...("did" in one ? one.did.stopped : { error: messageOf(one.failed) }),
    }));
    console.log(JSON.stringify(told.length > 1 ? { sandboxes: told } : down[0]?.stopped));
  } else
    for (const { who, stopped, already } of down)
      console.log(plainText(`${who} is ${already ? "already " : ""}${describeStopped(stopped)}`));
  return settle(stack, outcomes, `Up again: scripts/start -s ${stack}`);
});
