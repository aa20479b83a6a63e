import { canonical } from "../../policies/canonical.ts";
import { bundle } from "../../services/build.ts";
import { bridgeUnit } from "../../services/telegram-bridge/unit.ts";
import { quote } from "../command.ts";
import { paths, unitName, users } from "../runtimes/embedded/paths.ts";
import { trialTurn } from "../runtimes/turn-health.ts";
import { Sensitive } from "../sensitive.ts";
import { all } from "../step.ts";
import type { Health } from "../upgrade.ts";
import { besideUnit } from "./beside-unit.ts";
import { ensureAbsent, ensureNoUnit } from "./file-removal.ts";
import { ensureFile } from "./managed-file.ts";
import { observation } from "./observation.ts";
import { ensureSymlink } from "./symlink.ts";
import { ensureSystemUser } from "./system-user.ts";
import { ensureUnit } from "./systemd-unit.ts";
import { textFacts } from "./text-file.ts";

export interface BridgeArgs {
  readonly sandbox: string;
  readonly chats: readonly number[];
  readonly token: string;
  readonly apiRoot?: string;
  readonly running: boolean;
  /** How one turn is sent; see `Runtime.turn`. */
  readonly turn: { readonly argv: readonly string[] };
}

const folder = "/opt/nemoclaw/telegram-bridge";

/** The bridge's program and its version: the first 12 digits of its sha256. */
export async function bridgeProgram(): Promise<{ version: string; text: string }> {
  const { text, sha256 } = await bundle("services/telegram-bridge/main.ts");
  return { version: sha256.slice(0, 12), text };
}

/** The unit of one version of the bridge. */
export function bridgeUnitText(sandbox: string, version: string): string {
  return bridgeUnit({ sandbox, node: paths.node, bundle: `${folder}/${version}/bridge.mjs` });
}

/** The Telegram bridge of one sandbox, as a service. It is up once Telegram has answered a poll. */
export async function telegramBridge(args: BridgeArgs) {
  const { sandbox, chats, token, apiRoot, running, turn } = args;
  const { version, text } = await bridgeProgram();
  const config = {
    path: paths.config(sandbox, "bridge"),
    content: canonical({ chats, turn, ...(apiRoot === undefined ? {} : { apiRoot }) }),
  };
  const credential = {
    path: paths.credential(`nemoclaw-bridge@${sandbox}`, "telegram-token"),
    content: new Sensitive(token),
    mode: 0o600,
  };
  return all(`Telegram bridge of ${sandbox}`, {
    user: ensureSystemUser({ name: users.bridge }),
    program: ensureFile({ path: `${folder}/${version}/bridge.mjs`, content: text }),
    current: ensureSymlink({ path: `${folder}/current`, target: version }),
    config: ensureFile(config),
    credential: ensureFile(credential),
    unit: ensureUnit({
      name: unitName("bridge", sandbox),
      text: bridgeUnitText(sandbox, version),
      active: running,
      restartWhen: [config, credential],
      startSeconds: 120,
      try: "see why Telegram was not reached: scripts/logs bridge. A wrong token is said there in so many words",
    }),
    text: observation("its configuration", textFacts(config.path)),
    status: observation("its status", textFacts(paths.status(sandbox, "bridge"))),
  });
}

/** What a bridge is there for: it has its chats' messages from Telegram, and takes them to the agent. */
export function bridgeHealth(sandbox: string): readonly Health[] {
  return [pollsTelegram(sandbox), takesTurn(sandbox)];
}

/** By the bridge's own word: Telegram answers its polls, and nobody else takes its messages. */
function pollsTelegram(sandbox: string): Health {
  const file = quote(paths.status(sandbox, "bridge"));
  const script = `cat ${file}
grep -q '"lastPollAt":' ${file}
! grep -q '"lastError":\\|"conflict":true' ${file}`;
  return { what: "the bridge polls Telegram", command: { title: "see how the bridge is", script, timeoutSeconds: 30 } };
}

/** The bridge's own program takes a message the way a chat's goes, up to where the answer would be sent. */
function takesTurn(sandbox: string): Health {
  const { session, message, seconds } = trialTurn;
  const command = {
    title: "ask the bridge for a turn",
    script: besideUnit(unitName("bridge", sandbox), ["--turn", session], seconds),
    stdin: message,
    timeoutSeconds: seconds + 30,
  };
  return { what: `the bridge of ${sandbox} takes a turn`, command };
}

/** The bridge gone, with its token and what it remembers. */
export function noTelegramBridge(sandbox: string) {
  return all(`no Telegram bridge of ${sandbox}`, {
    unit: ensureNoUnit({ name: unitName("bridge", sandbox) }),
    config: ensureAbsent({ path: paths.config(sandbox, "bridge") }),
    credential: ensureAbsent({ path: paths.credential(`nemoclaw-bridge@${sandbox}`, "telegram-token") }),
    data: ensureAbsent({ path: paths.data(sandbox, "bridge") }),
    program: ensureAbsent({ path: folder }),
  });
}
