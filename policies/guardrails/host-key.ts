import { at, type Guardrail, isKnown, listAt, type Violation } from "./guardrail.ts";

/** No machine is trusted on first use. */
export const hostKey: Guardrail = {
  name: "host-key",
  rule: "Whatever connects by SSH knows the machine's host key beforehand",
  reason: "the first thing sent over the connection is secrets, and an impostor would have them",
  wayOut: "none; scripts/doctor --host-key HOST prints a key for you to compare",
  check: (stack) =>
    stack.flatMap(({ type, name: resource, props }): Violation[] => {
      if (type === "command:remote:Command" || type.startsWith("command:remote:Copy")) return remote(resource, props);
      if (!type.startsWith("nemoclaw:") || at(props, "machine") === undefined) return [];
      const given = (props.machine as { hostKeys?: unknown }).hostKeys;
      const missing = isKnown(given) && listAt(props, "machine", "hostKeys").length === 0;
      return missing ? [{ resource, path: "machine.hostKeys", message: "no host key" }] : [];
    }),
};

function remote(resource: string, props: Readonly<Record<string, unknown>>): Violation[] {
  if (!isKnown(props.connection)) return [];
  const ends = [
    { path: "connection.hostKey", end: props.connection },
    { path: "connection.proxy.hostKey", end: at(props, "connection", "proxy") },
  ];
  return ends
    .filter(({ end, path }) => end !== undefined || path === "connection.hostKey")
    .filter(({ end }) => {
      const key = (end as { hostKey?: unknown } | undefined)?.hostKey;
      return isKnown(key) && !key;
    })
    .map(({ path }) => ({ resource, path, message: "no host key, so any machine at this address would do" }));
}
