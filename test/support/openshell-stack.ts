import { parse } from "yaml";
import { openshell } from "../../host/runtimes/openshell/runtime.ts";
import { stackFile } from "../../scripts/clone-paths.ts";
import { findEngine } from "../../scripts/engine-choice.ts";
import { localConfiguration } from "../../scripts/first-run/local-stack.ts";
import { findOperatorMirrors } from "../../scripts/first-run/operator-mirrors.ts";
import { LocalStack } from "./local-stack.ts";
import { type StackConfig, writeStackFile } from "./stack-file.ts";

/** The quick start's stack, configured to run under OpenShell, whose releases the machine finds in its own mirror; not up yet. */
export async function openshellStack(name: string): Promise<LocalStack> {
  const stack = await LocalStack.open(name, await findEngine());
  stack.runtime = openshell;
  await stack.destroy();
  const mirrors = { ...(await findOperatorMirrors()), artifacts: "file:///srv/mirror" };
  const { config } = parse(localConfiguration(mirrors)) as { config: StackConfig };
  config["nemoclaw:runtime"] = { kind: "openshell", accept: ["docker-version", "private-addresses"] };
  await writeStackFile(stackFile(name), config);
  return stack;
}
