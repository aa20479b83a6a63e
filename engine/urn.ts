// urn:pulumi:<stack>::<project>::<types of the parents, joined by $><type>::<name>

export const stackType = "pulumi:pulumi:Stack";
export const providerTypePrefix = "pulumi:providers:";

/** The identity of a resource, made as the CLI makes it: the types of its components count, the root stack's does not. */
export function makeUrn(where: { stack: string; project: string }, parent: string, type: string, name: string): string {
  const above = parent === "" ? "" : qualifiedType(parent);
  const qualified = above === "" || above === stackType ? type : `${above}$${type}`;
  return `urn:pulumi:${where.stack}::${where.project}::${qualified}::${name}`;
}

export function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

export function typeOf(urn: string): string {
  return qualifiedType(urn).split("$").at(-1) ?? "";
}

export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The package that serves a type: `nemoclaw` of `nemoclaw:host:DockerEngine`. */
export function packageOf(type: string): string {
  return type.split(":")[0] ?? "";
}

export function isProvider(type: string): boolean {
  return type.startsWith(providerTypePrefix);
}

/** The URN in a provider reference, which is a URN, `::` and an id. */
export function providerUrn(reference: string): string {
  return reference.slice(0, reference.lastIndexOf("::"));
}
