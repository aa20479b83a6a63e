import { canonical } from "../../../policies/canonical.ts";
import { inferenceRouteUnit } from "../../../services/sandbox-supervisor/units.ts";
import { Sensitive } from "../../sensitive.ts";
import { all, type Step } from "../../step.ts";
import { type FileFacts, fileFacts, sha256 } from "../../steps/file-facts.ts";
import { ensureAbsent, ensureNoUnit } from "../../steps/file-removal.ts";
import { ensureFile, holds, type ManagedFile } from "../../steps/managed-file.ts";
import { observation } from "../../steps/observation.ts";
import { ensureUnit } from "../../steps/systemd-unit.ts";
import { observedJson, observedSecret, textFacts } from "../../steps/text-file.ts";
import { definitionOf, summaryOf } from "../../steps/unit-summary.ts";
import { askService } from "../ask-service.ts";
import { part, type RouteSpec } from "../runtime.ts";
import { ensureLoaded } from "./loaded.ts";
import { paths, unitName } from "./paths.ts";
import { programs } from "./programs.ts";

/** The agent's only way to a model. A new model is taken up by the running route; a new key restarts it, not the agent. */
export const route = part({
  async fill(spec: RouteSpec) {
    return { ...spec, definition: definitionOf(await unitText(spec)) };
  },
  async step(spec: RouteSpec) {
    const { sandbox, baseUrl, model, key, running } = spec;
    const unit = unitName("route", sandbox);
    const file = { path: paths.config(sandbox, "route"), content: canonical({ baseUrl, model }) };
    const credential = { path: credentialPath(sandbox), content: new Sensitive(key ?? ""), mode: 0o600 };
    const credentialStep: Step<{ kind: string; sha256?: string }> =
      key === undefined ? ensureAbsent(credential) : ensureFile(credential);
    return all(`inference route of ${sandbox}`, {
      asked: ensureAsked(spec, file, credential),
      file: ensureFile(file),
      credential: credentialStep,
      unit: ensureUnit({
        name: unit,
        text: await unitText(spec),
        active: running,
        restartWhen: key === undefined ? [] : [credential],
      }),
      loaded: ensureLoaded({
        unit,
        status: paths.status(sandbox, "route"),
        field: "routeSha256",
        file,
        active: running,
      }),
      text: observation("its text", textFacts(file.path)),
    });
  },
  observe(spec, { file, credential, unit, loaded, text }) {
    if (text === undefined && unit.file.kind === "absent") return "gone";
    const { baseUrl, model } = observedJson(text);
    const held = spec.key === undefined || credential.sha256 === sha256(spec.key);
    const found = file.kind === "file" ? file.sha256 : undefined;
    const service = summaryOf(unit);
    return {
      ...spec,
      ...service,
      baseUrl: String(baseUrl ?? "none"),
      model: String(model ?? "none"),
      key: observedSecret(spec.key, held),
      inForce: !service.running || loaded.status.sha256 === found,
    };
  },
  removal({ sandbox }) {
    return all(`no inference route of ${sandbox}`, {
      unit: ensureNoUnit({ name: unitName("route", sandbox) }),
      file: ensureAbsent({ path: paths.config(sandbox, "route") }),
      credential: ensureAbsent({ path: credentialPath(sandbox) }),
    });
  },
});

/** With `verify: true` another service, model or key is asked for an answer before anything is changed. */
function ensureAsked(
  spec: RouteSpec,
  file: ManagedFile,
  credential: ManagedFile,
): Step<Record<"file" | "credential", FileFacts>> {
  return {
    name: `the service of ${spec.sandbox}'s route`,
    facts: { file: fileFacts(file.path), credential: fileFacts(credential.path) },
    plan(now) {
      const right = holds(file, now.file) && (spec.key === undefined || holds(credential, now.credential));
      return right || spec.verify !== true ? [] : [askService(spec)];
    },
  };
}

const credentialPath = (sandbox: string) => paths.credential(`nemoclaw-route@${sandbox}`, "inference-key");

async function unitText({ sandbox, key }: RouteSpec): Promise<string> {
  const { version } = await programs();
  const bundle = paths.program(version, "inference-route.mjs");
  return inferenceRouteUnit({ sandbox, node: paths.node, bundle, key: key !== undefined });
}
