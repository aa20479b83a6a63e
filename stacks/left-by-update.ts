import * as pulumi from "@pulumi/pulumi";

/**
 * Notes what the program declares from here on; what comes back says it, by name, once all of it is made. As the stack's
 * output `leftByUpdate` it outlives a refresh, in which a resource that is gone leaves the state: `scripts/status`,
 * `scripts/drift` and reviews tell by it what was there.
 *
 * @example
 * const declared = noteDeclared();
 * new DockerEngine("host-docker", { machine });
 * export const leftByUpdate = declared(); // "host-docker"
 */
export function noteDeclared(): () => pulumi.Output<string> {
  const declared: { readonly resource: pulumi.Resource; readonly name: string }[] = [];
  pulumi.runtime.registerStackTransformation(({ resource, type, name }) => {
    if (!type.startsWith("pulumi:providers:")) declared.push({ resource, name });
    return undefined;
  });
  return () => {
    // A component is nothing by itself that could be gone.
    const real = declared.filter(({ resource }) => pulumi.CustomResource.isInstance(resource));
    const names = real.map(({ name }) => name).toSorted();
    // Said once all are made. A URN is known at preview, too, where an id is not: so the output shows as changed only where it is.
    return pulumi.all(real.map(({ resource }) => resource.urn)).apply(() => names.join(", "));
  };
}
