import * as pulumi from "@pulumi/pulumi";
import { MachineIdentity } from "../../resources/machine-identity.ts";
import type { MachineInputs } from "../../resources/machine-inputs.ts";
import { SshKeyPair } from "../../resources/ssh-key-pair.ts";

/** The user that a stack logs in as on a cloud machine. */
export const cloudUser = "nemoclaw-admin";

export interface UserKey {
  /** Public key that may log in instead of the stack's own. */
  readonly authorizedKey?: string;
  /** Its private half. */
  readonly privateKey?: pulumi.Input<string>;
}

/** The keys of a cloud machine, all in state before the machine exists, so that a run that dies between any two steps goes on. */
export interface CloudKeys {
  /** Given away in user data, and worth nothing after the first connection. */
  readonly bootstrap: SshKeyPair;
  /** The host key that the machine keeps. */
  readonly final: SshKeyPair;
  readonly authorizedKey: pulumi.Input<string>;
  readonly privateKey: pulumi.Input<string>;
  readonly owner: MachineInputs["owner"];
}

/** Makes a machine's keys. */
export function makeKeys(name: string, user: UserKey, parent: pulumi.Resource): CloudKeys {
  const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
  const pair = (what: string) =>
    new SshKeyPair(`${name}-${what}-key`, { comment: `${project}-${stack}-${what}` }, { parent });
  const bootstrap = pair("bootstrap");
  const final = pair("host");
  const given = user.authorizedKey !== undefined && user.privateKey !== undefined;
  const own = given ? undefined : pair("user");
  return {
    bootstrap,
    final,
    authorizedKey: own?.publicKey ?? (user.authorizedKey as string),
    privateKey: own?.privateKey ?? pulumi.secret(user.privateKey as pulumi.Input<string>),
    owner: { project, stack, installation: final.id },
  };
}

/**
 * The machine as everything after it sees it: it answers, its first boot is over, and it proves itself with the final key.
 *
 * @param box made for this stack; what stands on it is deleted with it
 * @param after what must be there before the first connection: the data disk, the address
 */
export function identify(
  name: string,
  keys: CloudKeys,
  reach: Omit<MachineInputs, "hostKeys" | "owner" | "user" | "privateKey">,
  { box, after, parent }: { box: pulumi.Resource; after: readonly pulumi.Resource[]; parent: pulumi.Resource },
): MachineInputs {
  const { bootstrap, final, owner, privateKey } = keys;
  const machine = { ...reach, user: cloudUser, privateKey, owner };
  const identity = new MachineIdentity(
    `${name}-identity`,
    {
      machine: { ...machine, hostKeys: [final.publicKey, bootstrap.publicKey] },
      hostKey: final,
    },
    { parent, deletedWith: box, dependsOn: [...after] },
  );
  // By its id, which is the machine's own, everything after it waits for it.
  return { ...machine, id: identity.id, hostKeys: [final.publicKey] };
}
