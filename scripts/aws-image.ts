import { z } from "zod";
import { archNames } from "../components/machine/image-arch.ts";
import { askCloud, askCloudFor, type CloudAnswer } from "./ask-cloud.ts";
import type { CloudImage } from "./cloud-image.ts";

const described = z.object({
  Images: z.array(
    z.object({ State: z.string(), Architecture: z.string().optional(), DeprecationTime: z.string().optional() }),
  ),
});

/** Asks AWS for an image, by the login of whoever runs this. */
export async function awsImage(id: string, region: string, account?: string): Promise<CloudAnswer<CloudImage>> {
  // Without these two AWS leaves out what it has and what is not to be used any more.
  const all = ["--include-deprecated", "--include-disabled"];
  const command = ["aws", "ec2", "describe-images", ...all, "--output", "json", "--region", region, "--image-ids", id];
  const answer = await askCloudFor(described, command);
  if (answer.refused !== undefined && !/\(InvalidAMIID\.\w+\)/.test(answer.refused)) return answer;
  const image = answer.refused === undefined ? answer.said.Images[0] : undefined;
  if (!image) {
    const other = account === undefined ? undefined : await otherLogin(account, region);
    if (other !== undefined) return { refused: other, ran: command };
    return { said: { faults: [`${region} has no image ${id} for this login`] } };
  }
  const { State: state, Architecture: built = "", DeprecationTime: until } = image;
  const deprecated = until !== undefined && Date.parse(until) <= Date.now();
  const faults = [
    ...(state === "available" ? [] : [`${id} is ${state}`]),
    ...(deprecated ? [`${id} is deprecated since ${until}`] : []),
  ];
  return { said: { faults, arch: archNames[built] } };
}

// An image that is shared with one account only is not there for others.
async function otherLogin(account: string, region: string): Promise<string | undefined> {
  const command = ["aws", "sts", "get-caller-identity", "--region", region, "--query", "Account", "--output", "text"];
  const answer = await askCloud(command);
  if (answer.refused !== undefined) return answer.refused;
  return answer.said === account ? undefined : `the login is of account ${answer.said}, the stack's is ${account}`;
}
