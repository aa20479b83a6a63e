import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { runProgram } from "../../scripts/run-program.ts";
import type { LocalStack } from "./local-stack.ts";

/** Every secret of a local stack: what its person would have to change if it got out. */
async function secretsOf(stack: LocalStack): Promise<string[]> {
  const state = await stack.state();
  const keys = state.resources
    .filter(({ type }) => type === "nemoclaw:index:SshKeyPair")
    .map(({ outputs }) => String(outputs.privateKey).split("\n")[2] ?? "");
  const others = [
    state.find("nemoclaw:host:InferenceRoute")?.inputs.key,
    state.find("nemoclaw:host:TelegramBridge")?.inputs.token,
    await readFile(".nemoclaw/passphrase", "utf8"),
  ];
  return [...others, ...keys, ...stack.secrets].map(String);
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

/** None of a stack's secrets stands in clear in any of these places, none of which is empty. */
export async function expectNoSecretIn(stack: LocalStack, places: Readonly<Record<string, string>>): Promise<void> {
  const secrets = await secretsOf(stack);
  for (const secret of secrets) expect(secret.length).toBeGreaterThan(20);
  for (const [place, text] of Object.entries(places)) {
    expect(text.length, `${place} is not empty`).toBeGreaterThan(10);
    for (const [i, secret] of secrets.entries()) {
      expect(text.includes(secret), `secret ${i} in ${place}`).toBe(false);
    }
  }
}
