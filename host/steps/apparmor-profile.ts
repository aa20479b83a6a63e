import { quote } from "../command.ts";
import type { Question } from "../question.ts";
import type { Step } from "../step.ts";
import { type FileFacts, fileFacts } from "./file-facts.ts";
import { holds, writeFile } from "./managed-file.ts";

export interface AppArmorProfile {
  readonly name: string;
  readonly text: string;
}

export interface AppArmorFacts {
  readonly kernel: { readonly restricted: boolean; readonly loaded: boolean };
  readonly file: FileFacts;
}

/**
 * A profile for kernels that let only named programs make user namespaces, as Ubuntu's have since 24.04. On other kernels
 * there is nothing to do.
 */
export function ensureAppArmorProfile({ name, text }: AppArmorProfile): Step<AppArmorFacts> {
  const file = { path: `/etc/apparmor.d/${name}`, content: text };
  return {
    name: `AppArmor profile ${name}`,
    facts: { kernel: kernelFacts(name), file: fileFacts(file.path) },
    plan: ({ kernel, file: now }) => {
      if (!kernel.restricted || (kernel.loaded && holds(file, now))) return [];
      const load = {
        title: `load the AppArmor profile ${name}`,
        script: `apparmor_parser --replace ${quote(file.path)}`,
        timeoutSeconds: 60,
        try: "the package apparmor brings apparmor_parser; without the profile bubblewrap cannot make its namespaces",
      };
      return [writeFile(file), load];
    },
  };
}

function kernelFacts(name: string): Question<AppArmorFacts["kernel"]> {
  return {
    script: `cat /proc/sys/kernel/apparmor_restrict_unprivileged_userns 2>/dev/null || echo 0
grep -c ${quote(`^${name} `)} /sys/kernel/security/apparmor/profiles 2>/dev/null || echo 0`,
    parse: ({ stdout }) => {
      const [restricted = "0", loaded = "0"] = stdout.split("\n");
      return { restricted: restricted.trim() === "1", loaded: Number(loaded) > 0 };
    },
  };
}
