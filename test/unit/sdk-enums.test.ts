import { existsSync, readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";
import { projectFiles, readProjectFile } from "../support/source-files.ts";

// Where an SDK has an enum for a property's values, they are taken from it and not spelt by hand: a value that is renamed or
// dropped then fails the type check.

/** Properties of the SDK classes that a file loads, and of what goes into them, whose declarations name an enum. */
function withEnum(text: string): Map<string, string> {
  const classes = [...text.matchAll(/from "(@pulumi\/[a-z]+)\/((?!types\/)[\w/]+)\.js"/g)];
  return new Map(classes.flatMap(([, sdk, path]) => [...enumsOf(`node_modules/${sdk}`, String(path))]));
}

function enumsOf(sdk: string, path: string): Map<string, string> {
  const declared = read(`${sdk}/${path}.d.ts`);
  const inner = new Set([...declared.matchAll(/\binputs\.[\w.]*?(\w+)\b(?!\.)/g)].map(([, name]) => name));
  const nested = [...inner].map((name) => {
    const [block = ""] = new RegExp(`interface ${name} \\{[^]*?\\n {4}\\}`).exec(read(`${sdk}/types/input.d.ts`)) ?? [];
    return block;
  });
  const found = [...[declared, ...nested].join("\n").matchAll(/^\s+(\w+)\??: .*\b(enums\.[\w.]+)/gm)];
  return new Map(found.map(([, name, of]) => [String(name), String(of)]));
}

const texts = new Map<string, string>();
function read(path: string): string {
  const text = texts.get(path) ?? (existsSync(path) ? readFileSync(path, "utf8") : "");
  texts.set(path, text);
  return text;
}

function speltByHand(file: string, text: string): string[] {
  const enums = withEnum(text);
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    const of = ts.isPropertyAssignment(node) && hasText(node.initializer) && enums.get(node.name.getText());
    if (of) found.push(`${file}: ${node.getText()}; there is ${of}`);
    ts.forEachChild(node, look);
  };
  ts.forEachChild(ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true), look);
  return found;
}

/** A text, or a choice of texts. */
function hasText(value: ts.Expression): boolean {
  if (ts.isConditionalExpression(value)) return hasText(value.whenTrue) || hasText(value.whenFalse);
  if (ts.isArrayLiteralExpression(value)) return value.elements.some(hasText);
  return ts.isStringLiteralLike(value);
}

test("the components spell no value by hand that an SDK has an enum for", () => {
  const components = projectFiles().filter((file) => /^components\/.*\.ts$/.test(file));
  expect(components.flatMap((file) => speltByHand(file, readProjectFile(file)))).toEqual([]);
});

test.each([
  ["@pulumi/aws/ec2/instance.js", 'new Instance("i", { tenancy: small ? "default" : "host" });'],
  ["@pulumi/aws/ec2/instance.js", 'new Instance("i", { instanceType: "t3.large" });'],
  ["@pulumi/command/remote/command.js", 'new Command("c", { logging: "none" });'],
])("one that is spelt by hand is found: %s", (from, use) => {
  expect(speltByHand("x.ts", `import { It } from "${from}";\n${use}`)).toHaveLength(1);
});

test("what has no enum is left alone", () => {
  const text = 'import { Volume } from "@pulumi/aws/ebs/volume.js";\nnew Volume("v", { availabilityZone: "a" });';
  expect(speltByHand("x.ts", text)).toEqual([]);
});
