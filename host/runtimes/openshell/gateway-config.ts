import { stringify } from "smol-toml";
import { gatewayPort } from "./paths.ts";

/** What a gateway's configuration is made from. */
export interface GatewaySettings {
  /** Image that holds the supervisor, as Docker on the machine knows it. */
  readonly supervisorImage: string;
  /** Image of what runs inside a sandbox, where a release has one beside the supervisor's. */
  readonly runtimeImage?: string;
}

const gateway = {
  // Loopback only: the driver itself opens what its containers need to call back, and nothing more.
  bind_address: `127.0.0.1:${gatewayPort}`,
  // The default cuts everything off when a sandbox cannot load a policy. What was in force shall stay.
  policy_validation_failure_mode: "retain_last_valid",
};

const driver = ({ supervisorImage }: GatewaySettings) => ({
  socket_path: "/var/run/docker.sock",
  supervisor_image: supervisorImage,
  // The workspace and the agent's programs are the machine's folders. Only the gateway's own user can make a sandbox, and
  // that user may use Docker anyway.
  enable_bind_mounts: true,
});

/** `gateway.toml` of schema version 1, for OpenShell 0.0.11x. */
export function gatewaySchema1(settings: GatewaySettings): string {
  return stringify({
    openshell: {
      version: 1,
      gateway: { ...gateway, compute_drivers: ["docker"] },
      drivers: { docker: { ...driver(settings), image_pull_policy: "IfNotPresent" } },
    },
  });
}

/**
 * `gateway.toml` of schema version 2, for OpenShell 0.1.x. Keys and certificates are not in it: the gateway finds them in
 * `OPENSHELL_LOCAL_TLS_DIR`, which every release of the line does.
 */
export function gatewaySchema2(settings: GatewaySettings): string {
  return stringify({
    openshell: {
      version: 2,
      gateway: { ...gateway, compute_driver: "docker" },
      drivers: {
        docker: {
          ...driver(settings),
          sandbox_runtime_image: settings.runtimeImage ?? "",
          image_pull_policy: "if_not_present",
          // Mounts are named by whoever makes a sandbox, which is us alone. A folder carries no label that could admit it.
          allow_driver_config: true,
          resource_admission: { enabled: false },
        },
      },
    },
  });
}
