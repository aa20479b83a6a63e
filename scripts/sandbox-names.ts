import type { Standing } from "./stack-command.ts";

/** Names of sandboxes that tell them apart: two machines may each have a `main`. */
export function namesOf(standings: readonly Pick<Standing, "sandbox" | "machine">[]): string[] {
  return standings.map(({ sandbox, machine }) => {
    const isOnly = standings.filter((one) => one.sandbox === sandbox).length === 1;
    return isOnly ? sandbox : `${sandbox} on ${machine.address}:${machine.port}`;
  });
}
