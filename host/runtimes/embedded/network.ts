import { canonical } from "../../../policies/canonical.ts";
import { argv } from "../../command.ts";
import { all } from "../../step.ts";
import { type FileFacts, fileFacts } from "../../steps/file-facts.ts";
import { ensureFile, writeFile } from "../../steps/managed-file.ts";
import { observation } from "../../steps/observation.ts";
import { type UnitState, unitState } from "../../steps/systemd-unit.ts";
import { observedJson, textFacts } from "../../steps/text-file.ts";
import { type NetworkSpec, part } from "../runtime.ts";
import { ensureLoaded, type Loaded, putInForce } from "./loaded.ts";
import { paths, unitName } from "./paths.ts";

/** What a sandbox may reach: a file that the gate has in force. The agent is not restarted. */
export const network = part({
  step({ sandbox, networkPolicies, inForce }: NetworkSpec) {
    const gate = { ...gateOf(sandbox, networkPolicies), active: inForce };
    return all(`network policy of ${sandbox}`, {
      file: ensureFile(gate.file),
      loaded: ensureLoaded(gate),
      text: observation("its text", textFacts(gate.file.path)),
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
    const gate = gateOf(sandbox, {});
    const { path } = gate.file;
    return {
      name: `no network policy of ${sandbox}`,
      facts: { file: fileFacts(path), unit: unitState(gate.unit) },
      plan({ file, unit }: { file: FileFacts; unit: UnitState }) {
        if (file.kind === "absent") return [];
        // A gate without a file keeps what it had: it must take up first that nothing is allowed any more.
        const forget = unit.activeState === "active" ? [writeFile(gate.file), putInForce(gate)] : [];
        return [...forget, argv(`remove ${path}`, ["rm", "-f", "--", path])];
      },
    };
  },
});

/** The gate, and the file that it is to have in force. */
function gateOf(sandbox: string, networkPolicies: NetworkSpec["networkPolicies"]): Loaded {
  const content = canonical({ version: 1, network_policies: networkPolicies });
  return {
    unit: unitName("gate", sandbox),
    status: paths.status(sandbox, "gate"),
    field: "policySha256",
    file: { path: paths.config(sandbox, "policy"), content },
  };
}
