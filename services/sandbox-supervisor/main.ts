import { randomBytes } from "node:crypto";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { deploymentFolders } from "../../policies/deployment-folders.ts";
import { notify } from "../notify.ts";
import { agentSettings } from "./agent-settings.ts";
import { disk } from "./disk.ts";
import { insideEnvironment } from "./environment.ts";
import { access } from "./filesystem.ts";
import { log, reason } from "./log.ts";
import { sandboxPaths } from "./paths.ts";
import { needs } from "./readable.ts";
import { explainFault, readRouteStatus } from "./route-status.ts";
import { serveAgent } from "./serve-agent.ts";
import { readSettings } from "./settings.ts";
import { turnsGroup } from "./sockets.ts";
import { Tree } from "./tree.ts";
import { trustBundle } from "./trust.ts";
import { endServing, startInside } from "./wrap.ts";

const gateSeconds = 30;

/** Runs one sandbox until its agent ends, and gives the agent's exit code. */
async function run(sandbox: string, heapMegabytes: number): Promise<number> {
  const startedAt = new Date().toISOString();
  const paths = sandboxPaths(sandbox);
  const settings = await readSettings(paths.config);
  const here = import.meta.dirname;
  const node = dirname(dirname(realpathSync(process.execPath)));
  const agent = join(dirname(dirname(here)), "agent", settings.agentVersion);
  const entry = join(agent, "node_modules/openclaw/openclaw.mjs");
  if (disk.real(entry) === undefined)
    throw new Error(`OpenClaw ${settings.agentVersion} is not installed: no ${entry}`);

  const authorities = join(paths.trust, "authorities.pem");
  for (const folder of [paths.relays, paths.trust]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const bundle = await trustBundle(paths.systemAuthorities, { path: paths.gateAuthority, seconds: gateSeconds });
  writeFileSync(authorities, bundle, { mode: 0o444 });
  const state = realpathSync(paths.state);
  const settingsText = JSON.stringify(agentSettings({ workspace: paths.workspace, state }), null, 2);
  writeFileSync(join(state, "openclaw.json"), `${settingsText}\n`, { mode: 0o600 });

  const loop = join(here, "loop.mjs");
  const sandboxRuntime = join(here, "node_modules/@anthropic-ai/sandbox-runtime");
  const places = { node, agent, loop, sandboxRuntime, relays: paths.relays, trust: paths.trust };
  const { workspace } = paths;
  const listed = access({
    policy: settings.filesystem,
    needs: needs(places),
    state: [state],
    workspace,
    hidden: deploymentFolders,
    disk,
  });
  for (const path of listed.skipped) log("info", "path-left-out", { ...path });

  const home = listed.allowWrite.includes(workspace) ? workspace : state;
  const child = await startInside({
    argv: [join(node, "bin/node"), "--max-old-space-size=128", loop, home, String(heapMegabytes)],
    environment: insideEnvironment({
      bin: join(node, "bin"),
      home,
      state,
      entry,
      authorities,
      token: randomBytes(32).toString("base64url"),
    }),
    access: listed,
    gatePort: settings.gatePort,
  });
  const tree = new Tree(child);
  log("info", "started", { sandbox, agentVersion: settings.agentVersion });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    log("info", "stopping");
    void notify("stopping the agent");
    tree.stop();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);

  const route = `/run/nemoclaw/${sandbox}-route.json`;
  const { agentVersion, statusPort } = settings;
  await serveAgent({
    sandbox,
    agentVersion,
    startedAt,
    tree,
    sockets: paths,
    statusPort,
    group: turnsGroup,
    explain: (fault) => explainFault(fault, readRouteStatus(route)),
  });

  await notify("the agent starts");
  void tree.firstReady.then(() => notify(`OpenClaw ${agentVersion} is ready`, true));
  const code = await tree.ended;
  if (!stopping) {
    log("error", "ended", { code, lastWords: tree.lastWords });
    await notify(`the agent ended with code ${code}: ${tree.lastWords}`);
  }
  await endServing();
  return stopping ? 0 : code;
}

const { values } = parseArgs({
  options: {
    sandbox: { type: "string", default: "main" },
    /** Megabytes of heap for the agent's gateway. */
    heap: { type: "string", default: "512" },
  },
});
try {
  process.exit(await run(values.sandbox, Number(values.heap)));
} catch (error) {
  log("error", "cannot-run", { message: reason(error) });
  await notify(`cannot run: ${reason(error)}`);
  process.exit(1);
}
