import { readFile } from "node:fs/promises";
import { runProgram } from "../../scripts/run-program.ts";
import type { LocalStack } from "./local-stack.ts";

/** Every secret of a local stack: what its person would have to change if it got out. */
export async function secretsOf(stack: LocalStack): Promise<string[]> {
  const state = await stack.state();
  const keys = state.resources
    .filter(({ type }) => type === "nemoclaw:index:SshKeyPair")
    .map(({ outputs }) => String(outputs.privateKey).split("\n")[2] ?? "");
  const others = [
    state.find("nemoclaw:host:InferenceRoute")?.inputs.key,
    state.find("nemoclaw:host:TelegramBridge")?.inputs.token,
    await readFile(".nemoclaw/passphrase", "utf8"),
  ];
  return [...others, ...keys].map(String);
}

/** Where a secret could have got to, as text: on this computer, on the machine, and in what Docker keeps. */
export async function placesToSearch(stack: LocalStack): Promise<Record<string, string>> {
  return {
    "exported state": (await stack.pulumi("stack", "export")).stdout,
    output: stack.printed.replaceAll(/"plaintext":.*/g, ""),
    journal: await stack.shell("journalctl --no-pager -o verbose --namespace='*'"),
    "process list": await stack.shell("ps axewwf"),
    "units and configuration": await stack.shell(
      "cat /etc/systemd/system/nemoclaw-* /etc/nemoclaw/*.json /etc/nemoclaw/main/* /run/nemoclaw/*.json; systemctl show 'nemoclaw-*'",
    ),
    "the agent's and bridge's data": await stack.shell("grep -rha . /var/lib/nemoclaw/main /var/lib/nemoclaw/units"),
    "Docker's records": (
      await runProgram(["sh", "-c", "docker inspect $(docker ps -aq --filter label=nemoclaw.stack)"])
    ).stdout,
  };
}
