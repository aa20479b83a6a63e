import * as pulumi from "@pulumi/pulumi";

/**
 * Options by which everything in a component comes after a resource. A component's own `dependsOn` does not reach what is
 * inside it.
 */
export function comesAfter(first: pulumi.Resource | undefined): pulumi.ComponentResourceOptions {
  if (first === undefined) return {};
  const wait: pulumi.ResourceTransformation = ({ props, opts }) => ({
    props,
    opts: pulumi.mergeOptions(opts, { dependsOn: first }),
  });
  return { transformations: [wait] };
}
