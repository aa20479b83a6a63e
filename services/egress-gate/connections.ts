import type { Duplex } from "node:stream";
import { type Destination, signatureOf } from "./judge.ts";
import type { Policy } from "./policy.ts";

/** What is open now, and under which rules it was opened. */
export interface Connections {
  /** Counts a client's connection as open to a destination until it closes or the answer is called. */
  add(destination: Destination, policy: Policy, client: Duplex): () => void;
  /** Cuts what was opened under rules that have changed since, and says how many. */
  cut(policy: Policy): number;
  readonly count: number;
  /** Called whenever the count changes. */
  onChange: () => void;
}

/** An empty register of connections. */
export function connections(): Connections {
  const open = new Set<{ destination: Destination; signature: string; client: Duplex }>();
  const register: Connections = {
    add(destination, policy, client) {
      const entry = { destination, signature: signatureOf(policy, destination), client };
      const forget = () => {
        client.off("close", forget);
        if (open.delete(entry)) register.onChange();
      };
      open.add(entry);
      client.once("close", forget);
      register.onChange();
      return forget;
    },
    cut(policy) {
      const changed = [...open].filter(({ destination, signature }) => signatureOf(policy, destination) !== signature);
      for (const { client } of changed) client.destroy();
      return changed.length;
    },
    get count() {
      return open.size;
    },
    onChange: () => {},
  };
  return register;
}
