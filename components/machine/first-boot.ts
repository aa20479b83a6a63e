import * as pulumi from "@pulumi/pulumi";
import { type CloudKeys, cloudUser } from "./cloud-identity.ts";
import { cloudConfig, type FirstBoot } from "./cloud-init.ts";

/** What a cloud hands to its machine as user data: these keys, its data disk, and files of that cloud's own. */
export function userData(
  { bootstrap, authorizedKey }: CloudKeys,
  dataDevice: pulumi.Input<string>,
  files: FirstBoot["files"] = [],
): pulumi.Output<string> {
  return pulumi
    .all([bootstrap.publicKey, bootstrap.privateKey, authorizedKey, dataDevice])
    .apply(([publicKey, privateKey, login, device]) =>
      cloudConfig({
        user: cloudUser,
        authorizedKey: login,
        hostKey: { publicKey, privateKey },
        dataDevice: device,
        files,
      }),
    );
}
