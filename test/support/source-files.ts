import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";

export const cloneFolder = resolve(import.meta.dirname, "../..");

/** Files of the project, relative to the clone: tracked ones, and new ones that git does not ignore. */
export function projectFiles(): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: cloneFolder,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return listed.split("\0").filter((file) => file && existsSync(join(cloneFolder, file)));
}

export function readProjectFile(file: string): string {
  return readFileSync(join(cloneFolder, file), "utf8");
}

export interface Import {
  /** As written: `../host/step.ts`, `zod`, `node:fs`. */
  readonly from: string;
  /** Gone at run time. */
  readonly typeOnly: boolean;
}

/** Everything a TypeScript file imports or re-exports, dynamic imports of plain strings too. */
export function importsOf(text: string): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const allTypes =
        named && ts.isNamedImports(named) && !clause.name && named.elements.length > 0
          ? named.elements.every((element) => element.isTypeOnly)
          : false;
      const typeOnly = clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || allTypes;
      found.push({ from: node.moduleSpecifier.text, typeOnly });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ from: node.moduleSpecifier.text, typeOnly: node.isTypeOnly });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [target] = node.arguments;
      if (target && ts.isStringLiteral(target)) found.push({ from: target.text, typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("file.ts", text, ts.ScriptTarget.ES2024));
  return found;
}
