import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { refused } from "./errors.ts";
import { type Goal, seconds } from "./goal.ts";
import type { CustomTimeouts } from "./resource-state.ts";
import { fromStruct } from "./struct.ts";
import { isProvider } from "./urn.ts";
import { foreign } from "./values.ts";

/**
 * What a registration asks for.
 *
 * @throws EngineError that names an option or a kind of resource only the CLI can serve
 */
export function goalOf(request: RegisterResourceRequest): Goal {
  const inputs = fromStruct(request.getObject());
  const about = `${request.getType()} ${request.getName()}`;
  const found = unsupported(request) ?? foreign(inputs);
  if (found) throw refused(`${found} (${about})`);
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    custom: request.getCustom(),
    inputs,
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    dependencies: request.getDependenciesList(),
    propertyDependencies: Object.fromEntries(
      [...request.getPropertydependenciesMap().entries()].map(([key, urns]) => [key, urns.getUrnsList()]),
    ),
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    customTimeouts: timeouts(request),
    deletedWith: request.getDeletedwith(),
  };
}

function unsupported(request: RegisterResourceRequest): string | undefined {
  const type = request.getType();
  const hooks = request.getHooks()?.toObject() ?? {};
  const asked: [boolean, string][] = [
    [type === "pulumi:pulumi:StackReference", "stack references"],
    [type === "pulumi:index:Stash" || type === "pulumi:pulumi:Stash", "stashes"],
    [type.startsWith("pulumi-nodejs:"), "dynamic providers"],
    [isProvider(type) || request.getProvider() !== "", "explicit providers"],
    [request.getRemote(), "remote components"],
    [request.getAliasesList().length > 0 || request.getAliasurnsList().length > 0, "aliases"],
    [request.getTransformsList().length > 0, "transforms"],
    [request.getStateMigrationsList().length > 0, "state migrations"],
    [request.getImportid() !== "", "import"],
    [Object.values(hooks).some((names) => Array.isArray(names) && names.length > 0), "resource hooks"],
    [request.getReplaceWithList().length > 0, "replaceWith"],
    [request.hasReplacementTrigger(), "replacementTrigger"],
    [request.getHidediffsList().length > 0, "hideDiffs"],
    [request.getPackageref() !== "" || request.getPlugindownloadurl() !== "", "downloaded providers"],
    [request.getVersion() !== "", "providers of a version of their own"],
    [request.getEnvvarmappingsMap().getLength() > 0, "envVarMappings"],
  ];
  return asked.find(([used]) => used)?.[1];
}

function timeouts(request: RegisterResourceRequest): CustomTimeouts {
  const asked = request.getCustomtimeouts()?.toObject();
  if (!asked) return {};
  const given = Object.entries(asked).map(([key, duration]) => [key, seconds(duration)] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}
