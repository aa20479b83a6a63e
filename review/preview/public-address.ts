import type { Fact } from "../facts.ts";
import { isObject, isUntold, knownLater, show, unknownValue } from "../values.ts";
import { madeByMachine } from "./made-by.ts";
import { nameOf, operationOf, type PreviewStep, typeOf } from "./preview-step.ts";
import type { ResourceChange, StateInputs } from "./resource-changes.ts";

/** Whether a cloud machine is asked for with a public address. */
export function publicAddress({
  networkInterfaces,
  associatePublicIpAddress,
}: Exclude<StateInputs, undefined>): "yes" | "no" | typeof knownLater {
  const interfaces = [networkInterfaces ?? []].flat();
  const configs = interfaces.filter(isObject).flatMap((one) => [one.accessConfigs, one.ipv6AccessConfigs]);
  if (associatePublicIpAddress === true || configs.some((list) => Array.isArray(list) && list.length > 0)) return "yes";
  return [associatePublicIpAddress, ...interfaces, ...configs].some(isUntold) ? knownLater : "no";
}

/**
 * A fixed address of Amazon's that becomes that of a machine, which may have had none.
 *
 * @param steps all that the preview shows, resources that stay among them where it has looked
 */
export function fixedAddressFacts(change: ResourceChange, steps: readonly PreviewStep[]): Fact[] {
  const { type, before, after } = change;
  const instance = after?.inputs?.instance ?? "";
  if (type !== "aws:ec2/eip:Eip" || instance === "" || instance === before?.inputs?.instance) return [];
  const machines = steps.filter((step) => /^aws:ec2\/instance:/.test(typeOf(step)));
  // What only the update brings is the id of a machine that it makes; of one of the components' its doors tell.
  const fresh = machines.filter((step) => ["create", "replace"].includes(operationOf(step)));
  if (instance === unknownValue && fresh.length > 0) return madeByMachine(change) ? [] : freshFacts(fresh);
  const own = machines.filter(({ oldState }) => oldState?.id === instance);
  if (own.some(hasAddress)) return [];
  const what = `public address of ${own[0] ? nameOf(own[0].urn) : show(instance)}`;
  if (own.length > 0) return [{ what, before: "no", after: "yes", effect: "widens" }];
  return [{ what, after: "yes", effect: "unclear", note: "whether it had one is not known from here" }];
}

/** Of machines that an update makes, one of which the address becomes that of. */
function freshFacts(fresh: readonly PreviewStep[]): Fact[] {
  // One that is replaced has several steps.
  const bare = [...Map.groupBy(fresh, ({ urn }) => urn)]
    .filter(([, same]) => !same.some((one) => isOfMachine(one) || hasAddress(one)))
    .map(([urn]) => nameOf(urn));
  const [only, ...more] = bare;
  if (only === undefined) return [];
  if (more.length === 0) return [{ what: `public address of ${only}`, after: "yes", effect: "widens" }];
  const note = "which of them gets it is known later";
  return [{ what: `public address of one of ${bare.join(", ")}`, after: "yes", effect: "unclear", note }];
}

const isOfMachine = ({ urn, oldState, newState }: PreviewStep) =>
  madeByMachine({ urn, before: oldState, after: newState });

/** Whether a machine had a public address, or is asked for with one. */
function hasAddress({ oldState, newState }: PreviewStep): boolean {
  const asked = [oldState, newState].some((state) => publicAddress(state?.inputs ?? {}) === "yes");
  return asked || Boolean(oldState?.outputs?.publicIp);
}
