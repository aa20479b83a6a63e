import { describe, expect, test } from "vitest";
import { smallerMtu } from "../../host/local/mtu.ts";

const header = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n";
const route = `${header}eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n`;

function computer(files: Record<string, string>) {
  return async (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error(`no ${path}`);
    return text;
  };
}

describe("the packet size of this computer's way out", () => {
  test.each([
    { mtu: "1400\n", expected: 1400 },
    { mtu: "1500\n", expected: undefined },
    { mtu: "9001\n", expected: undefined },
    { mtu: "0\n", expected: undefined },
  ])("$mtu", async ({ mtu, expected }) => {
    const read = computer({ "/proc/net/route": route, "/sys/class/net/eth0/mtu": mtu });
    expect(await smallerMtu(read)).toBe(expected);
  });

  test("is not known where there is no such file, or no default route", async () => {
    expect(await smallerMtu(computer({}))).toBeUndefined();
    expect(await smallerMtu(computer({ "/proc/net/route": header }))).toBeUndefined();
  });
});
