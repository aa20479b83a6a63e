/** Sockets and status files of several users live here; each service has a folder of its own, and links lead to them. */
export const runtimeFolder = { path: "/etc/tmpfiles.d/nemoclaw.conf", content: "d /run/nemoclaw 0755 root root -\n" };
