import type { Question } from "../../question.ts";
import { paths as shared } from "../embedded/paths.ts";
import { paths } from "./paths.ts";

/** A container that OpenShell made, by Docker's word. */
export interface BoxContainer {
  /** Of its sandbox, which may have more than one. */
  readonly id: string;
  readonly name: string;
  /** Folders and files of the machine that it has. */
  readonly sources: readonly string[];
}

/** Containers of sandboxes of our gateway's. It gives each keys of its own, which tells another gateway's containers from them. */
export const ourGatewaysContainers: Question<readonly BoxContainer[]> = {
  script: `docker ps --all --quiet --filter label=openshell.ai/managed-by=openshell |
  xargs -r docker inspect --format '{"labels":{{json .Config.Labels}},"mounts":{{json .Mounts}}}'`,
  parse: ({ stdout }) => {
    const all = stdout.split("\n").flatMap(readContainer);
    const ours = new Set(all.filter(({ sources }) => sources.some(isOfGateway)).map(({ id }) => id));
    return all.filter(({ id }) => ours.has(id));
  },
};

const isOfGateway = (source: string) => source.startsWith(`${paths.home}/`);

function readContainer(line: string): BoxContainer[] {
  try {
    const { labels, mounts } = JSON.parse(line) as {
      labels: Record<string, string>;
      mounts: readonly { Source?: string }[];
    };
    const [id = "", name = ""] = [labels["openshell.ai/sandbox-id"], labels["openshell.ai/sandbox-name"]];
    return [{ id, name, sources: mounts.map(({ Source = "" }) => Source) }];
  } catch {
    return [];
  }
}

/** Names of the sandboxes of which no container has the workspace that ours of this name would have. */
export function foreignContainers(containers: readonly BoxContainer[]): string[] {
  const own = containers.filter(({ name, sources }) => sources.includes(shared.data(name, "workspace")));
  const ids = new Set(own.map(({ id }) => id));
  return [...new Set(containers.filter(({ id }) => !ids.has(id)).map(({ name }) => name))];
}
