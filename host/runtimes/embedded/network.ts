import { canonical } from "../../../policies/canonical.ts";
import { all } from "../../step.ts";
import { ensureAbsent } from "../../steps/file-removal.ts";
import { ensureFile } from "../../steps/managed-file.ts";
import { observation } from "../../steps/observation.ts";
import { observedJson, textFacts } from "../../steps/text-file.ts";
import { type NetworkSpec, part } from "../runtime.ts";
import { ensureLoaded } from "./loaded.ts";
import { paths, unitName } from "./paths.ts";

/** What a sandbox may reach: a file that the gate has in force. The agent is not restarted. */
export const network = part({
  step({ sandbox, networkPolicies }: NetworkSpec) {
    const file = {
      path: paths.config(sandbox, "policy"),
      content: canonical({ version: 1, network_policies: networkPolicies }),
    };
    return all(`network policy of ${sandbox}`, {
      file: ensureFile(file),
      loaded: ensureLoaded({
        unit: unitName("gate", sandbox),
        status: paths.status(sandbox, "gate"),
        field: "policySha256",
        file,
      }),
      text: observation("its text", textFacts(file.path)),
    });
  },
  observe(spec, { file, loaded, text }) {
    if (text === undefined) return "gone";
    const { network_policies, unreadable } = observedJson(text);
    const found = file.kind === "file" ? file.sha256 : undefined;
    return {
      ...spec,
      networkPolicies: (network_policies ?? { unreadable }) as NetworkSpec["networkPolicies"],
      inForce: loaded.unit.activeState === "active" && loaded.status.sha256 === found,
    };
  },
  removal({ sandbox }) {
    const file = { path: paths.config(sandbox, "policy"), content: canonical({ version: 1, network_policies: {} }) };
    // The gate takes up that nothing is allowed any more before the file goes: it has no other way to forget.
    return all(`no network policy of ${sandbox}`, { file: ensureAbsent(file) });
  },
});
