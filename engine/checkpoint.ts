import { createHash } from "node:crypto";
import { z } from "zod";
import { EngineError, refused } from "./errors.ts";
import { type Crypter, openCrypter, readPassphrase } from "./passphrase.ts";
import type { PendingOperation, ResourceState } from "./resource-state.ts";
import { isObject, type Properties, sealed, unsealed, type Value } from "./values.ts";

/** What a stack is made of, with its secrets opened. */
export interface Checkpoint {
  readonly resources: ResourceState[];
  readonly operations: PendingOperation[];
}

// The version of the SDK's own Pulumi: the CLI checks `magic` against it, and a reader learns whose words these are.
const version = "3.270.0";

const deployment = z.looseObject({
  secrets_providers: z
    .looseObject({ type: z.string(), state: z.looseObject({ salt: z.string().optional() }).nullish() })
    .nullish(),
  resources: z
    .array(z.looseObject({ urn: z.string(), type: z.string(), custom: z.boolean().default(false) }))
    .nullish(),
  pending_operations: z
    .array(z.looseObject({ resource: z.looseObject({ urn: z.string() }), type: z.string() }))
    .nullish(),
});

/**
 * Opens a deployment of format version 3.
 *
 * @param known the stack's own crypter, used when the deployment has the same salt
 * @throws EngineError on a shape, a secrets provider or a kind of resource this engine cannot carry on from
 */
export async function openDeployment(written: unknown, known?: Crypter): Promise<Checkpoint> {
  if (written === undefined || written === null) return { resources: [], operations: [] };
  const read = deployment.safeParse(written);
  if (!read.success) throw new EngineError(`this is not a Pulumi deployment:\n${z.prettifyError(read.error)}`);
  const { secrets_providers: secrets, resources, pending_operations: operations } = read.data;

  if (secrets && secrets.type !== "passphrase" && secrets.type !== "")
    throw refused(`the secrets provider "${secrets.type}"`);
  const salt = secrets?.state?.salt;
  const crypter = salt && salt !== known?.salt ? await openCrypter(readPassphrase(), salt, "the stack's state") : known;
  const openState = (state: unknown) => openResource(state as ResourceState, crypter);
  return {
    resources: (resources ?? []).map(openState),
    operations: (operations ?? []).map(({ resource, type }) => ({
      resource: openState(resource),
      type: type as PendingOperation["type"],
    })),
  };
}

function openResource(written: ResourceState, crypter: Crypter | undefined): ResourceState {
  const strange = written as unknown as Record<string, unknown>;
  if (written.external) throw refused(`resources it only reads (${written.urn})`);
  if (strange.viewOf) throw refused(`views (${written.urn})`);
  if (strange.extensionRef) throw refused(`parameterized providers (${written.urn})`);

  const open = (seal: Properties): Value => {
    if (typeof seal.plaintext === "string") return JSON.parse(seal.plaintext);
    if (!crypter)
      throw new EngineError(`${written.urn} has secrets, and the deployment does not say what encrypts them`);
    return JSON.parse(crypter.decrypt(String(seal.ciphertext)));
  };
  const state = structuredClone(written);
  if (state.inputs) state.inputs = unsealed(state.inputs, open) as Properties;
  if (state.outputs) state.outputs = unsealed(state.outputs, open) as Properties;
  return state;
}

/**
 * Writes a deployment of format version 3, which `pulumi stack import` takes.
 *
 * @param reveal writes secrets as plain text, for `stack export --show-secrets`
 */
export function sealDeployment(checkpoint: Checkpoint, crypter: Crypter, reveal = false): Record<string, unknown> {
  const seal = (inner: Value): Properties => {
    const plaintext = JSON.stringify(inner);
    return reveal ? { plaintext } : { ciphertext: crypter.encrypt(plaintext) };
  };
  const sealState = (state: ResourceState) => sealResource(state, seal);
  return {
    manifest: { time: new Date().toISOString(), magic: createHash("sha256").update(version).digest("hex"), version },
    secrets_providers: { type: "passphrase", state: { salt: crypter.salt } },
    ...(checkpoint.resources.length > 0 ? { resources: checkpoint.resources.map(sealState) } : {}),
    ...(checkpoint.operations.length > 0
      ? { pending_operations: checkpoint.operations.map((one) => ({ ...one, resource: sealState(one.resource) })) }
      : {}),
    metadata: {},
  };
}

/** A resource as the format writes it: what is empty is left out. */
export function sealResource(state: ResourceState, seal: (inner: Value) => Properties): Record<string, unknown> {
  const written: Record<string, unknown> = {
    ...state,
    inputs: state.inputs && sealed(state.inputs, seal),
    outputs: state.outputs && sealed(state.outputs, seal),
  };
  const kept = Object.entries(written).filter(([key, value]) => key === "custom" || !isEmpty(value));
  return Object.fromEntries(kept);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value as Value) && Object.keys(value as object).length === 0;
}
