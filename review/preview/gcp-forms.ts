import { all, any, type Form, firstBoot, fixed, oneOf, onlyOne, own, ownOrSet, parts, whenNew } from "./given-forms.ts";

/** What this project's components make of Google's types, and give them. A test compares with the components. */
export const gcpForms: Readonly<Record<string, Record<string, Form>>> = {
  "gcp:compute/address:Address": all("region"),
  "gcp:compute/disk:Disk": all("diskEncryptionKey", "size", "type", "zone"),
  "gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment": all("disk", "zone"),
  "gcp:compute/firewall:Firewall": all("allows", "network", "sourceRanges", "targetServiceAccounts"),
  "gcp:compute/instance:Instance": {
    ...all("allowStoppingForUpdate", "deletionProtection", "guestAccelerators", "machineType", "scheduling"),
    ...all("shieldedInstanceConfig", "zone"),
    attachedDisks: onlyOne(parts({ ...all("deviceName", "mode"), source: own(/^gcp:compute\/disk:/) })),
    bootDisk: parts({
      ...all("autoDelete", "kmsKeySelfLink"),
      initializeParams: parts(all("image", "size", "type")),
    }),
    metadata: whenNew(
      parts(
        {
          "block-project-ssh-keys": oneOf("TRUE"),
          "enable-oslogin": oneOf("FALSE"),
          "serial-port-enable": oneOf("FALSE"),
          "user-data": firstBoot,
        },
        ["block-project-ssh-keys", "enable-oslogin", "serial-port-enable"],
      ),
    ),
    // Whether it has a public address is told as the machine's.
    networkInterfaces: onlyOne(parts({ accessConfigs: any, subnetwork: fixed(ownOrSet(/^gcp:compute\/subnetwork:/)) })),
    serviceAccount: whenNew(parts(all("email", "scopes"), ["email"])),
  },
  "gcp:compute/network:Network": all("autoCreateSubnetworks"),
  "gcp:compute/resourcePolicy:ResourcePolicy": all("region", "snapshotSchedulePolicy"),
  "gcp:compute/router:Router": all("network", "region"),
  "gcp:compute/routerNat:RouterNat": all(
    ...["natIpAllocateOption", "region", "router", "sourceSubnetworkIpRangesToNat", "subnetworks"],
  ),
  "gcp:compute/subnetwork:Subnetwork": all("ipCidrRange", "network", "privateIpGoogleAccess", "region"),
  "gcp:iap/tunnelInstanceIAMMember:TunnelInstanceIAMMember": all("instance", "member", "project", "role", "zone"),
  "gcp:serviceaccount/account:Account": all("accountId", "displayName"),
};
