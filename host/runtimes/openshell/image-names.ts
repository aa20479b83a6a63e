/** The name under which the machine's Docker has the supervisor: one name, wherever the image came from. */
export const supervisorImage = (version: string) => `nemoclaw/openshell-supervisor:${version.replaceAll("+", "_")}`;

/** The same of what runs inside a sandbox, where a release has an image for it. */
export const runtimeImage = (version: string) => `nemoclaw/openshell-runtime:${version.replaceAll("+", "_")}`;

/** The two names as words of shell, of the gateway's release in use on a machine, which need not be the pinned one. */
const inUse = "$(readlink /opt/nemoclaw/openshell-gateway/current | tr + _)";
export const supervisorImageInUse = `"${supervisorImage(inUse)}"`;
export const runtimeImageInUse = `"${runtimeImage(inUse)}"`;
