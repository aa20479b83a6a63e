import type { Fact } from "../facts.ts";
import { isObject, isUntold, knownLater, show, unknownValue } from "../values.ts";
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
export function fixedAddressFacts({ type, before, after }: ResourceChange, steps: readonly PreviewStep[]): Fact[] {
  const instance = after?.inputs?.instance ?? "";
  if (type !== "aws:ec2/eip:Eip" || instance === "" || instance === before?.inputs?.instance) return [];
  const machines = steps.filter((step) => /^aws:ec2\/instance:/.test(typeOf(step)));
  // What only the update brings is the id of a machine that it makes; of a new one its doors tell.
  if (instance === unknownValue && machines.some((step) => ["create", "replace"].includes(operationOf(step))))
    return [];
  const own = machines.filter(({ oldState }) => oldState?.id === instance);
  const had = own.some(
    ({ oldState }) => publicAddress(oldState?.inputs ?? {}) === "yes" || oldState?.outputs?.publicIp,
  );
  if (had) return [];
  const what = `public address of ${own[0] ? nameOf(own[0].urn) : show(instance)}`;
  if (own.length > 0) return [{ what, before: "no", after: "yes", effect: "widens" }];
  return [{ what, after: "yes", effect: "unclear", note: "whether it had one is not known from here" }];
}
