import { z } from "zod";
import { archNames } from "../components/machine/image-arch.ts";
import { askCloudFor, type CloudAnswer } from "./ask-cloud.ts";
import type { CloudImage } from "./cloud-image.ts";
import { partsOf } from "./google-image-name.ts";

const described = z.object({
  family: z.string().nullish(),
  status: z.string().nullish(),
  architecture: z.string().nullish(),
  deprecated: z.object({ state: z.string().nullish(), replacement: z.string().nullish() }).nullish(),
});

/** Asks Google for an image, by the login of whoever runs this. */
export async function googleImage(name: string): Promise<CloudAnswer<CloudImage>> {
  const { project = "", own = "" } = partsOf(name) ?? {};
  const others = `another image, which this lists: gcloud compute images list --project ${project} --no-standard-images`;
  const command = ["gcloud", "compute", "images", "describe", own, "--project", project, "--format", "json"];
  const answer = await askCloudFor(described, command);
  if (answer.refused !== undefined) {
    // Who may not see a project's images is told something else.
    const gone = answer.refused.includes(`/global/images/${own}' was not found`);
    return gone ? { said: { faults: [`project ${project} has no image ${own}`], others } } : answer;
  }
  const { family, status, architecture, deprecated } = answer.said;
  const state = deprecated?.state ?? "ACTIVE";
  const instead = deprecated?.replacement ? `; its replacement is ${deprecated.replacement}` : "";
  const faults = [
    ...(state === "ACTIVE" ? [] : [`${own} is ${state.toLowerCase()}${instead}`]),
    ...(!status || status === "READY" ? [] : [`${own} is ${status.toLowerCase()}`]),
  ];
  return { said: { faults, arch: archNames[architecture ?? ""], others: family ? undefined : others } };
}
