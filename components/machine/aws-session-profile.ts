import { InstanceProfile } from "@pulumi/aws/iam/instanceProfile.js";
import { Principals } from "@pulumi/aws/iam/principals.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { PolicyDocumentVersion, PolicyStatementEffect } from "@pulumi/aws/types/enums/iam/index.js";
import type * as pulumi from "@pulumi/pulumi";

const version = PolicyDocumentVersion.PolicyDocumentVersion_2012_10_17;

/**
 * What a machine may do with AWS so that Session Manager reaches it, and nothing else. Not AWS's own policy for this, which
 * also lets the machine read every parameter of the account.
 */
export function sessionManagerProfile(name: string, child: pulumi.CustomResourceOptions) {
  const role = new Role(
    `${name}-role`,
    {
      description: "A NemoClaw machine that is reached through Session Manager",
      assumeRolePolicy: {
        Version: version,
        Statement: [
          {
            Effect: PolicyStatementEffect.ALLOW,
            Action: "sts:AssumeRole",
            Principal: Principals.Ec2Principal,
          },
        ],
      },
    },
    child,
  );
  const may = new RolePolicy(
    `${name}-may`,
    {
      role: role.id,
      policy: {
        Version: version,
        Statement: [
          {
            Effect: PolicyStatementEffect.ALLOW,
            Action: [
              "ssm:UpdateInstanceInformation",
              "ssmmessages:CreateControlChannel",
              "ssmmessages:CreateDataChannel",
              "ssmmessages:OpenControlChannel",
              "ssmmessages:OpenDataChannel",
            ],
            // These actions know no narrower resource.
            Resource: "*",
          },
        ],
      },
    },
    child,
  );
  const profile = new InstanceProfile(`${name}-profile`, { role: role.name }, child);
  return { profile, may };
}
