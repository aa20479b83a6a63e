/** Folders of the deployment itself on a machine, which the embedded runtime opens for no policy. */
export const deploymentFolders = [
  "/etc/nemoclaw",
  "/var/lib/nemoclaw",
  "/run/credentials",
  "/run/nemoclaw",
  ...["sandbox", "gate", "route", "bridge"].map((part) => `/run/nemoclaw-${part}`),
];
