/** What does the Dockerfile say? */
import { DockerfileParser, type Instruction } from "dockerfile-ast";

const ROOT = new URL("../../", import.meta.url);

/** The text of one of the project's files. */
export function projectFile(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** The stages, each with its instructions, the first of which is its FROM. */
function stagesOf(text: string): Instruction[][] {
  const stages: Instruction[][] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction.getKeyword() === "FROM") stages.push([]);
    stages.at(-1)!.push(instruction);
  }
  return stages;
}

const stages = stagesOf(projectFile("Dockerfile"));

/** What stands after each of one kind of instruction: of the image itself, or of the stage that prepares it. */
export function image(keyword: string, stage: "image" | "build" = "image"): string[] {
  const instructions = stages.at(stage === "image" ? -1 : 0)!;
  return instructions.filter((it) => it.getKeyword() === keyword).map((it) => it.getArgumentsContent() ?? "");
}

/** The image that each stage starts from. */
export const bases = stages.map(([from]) => from!.getArguments()[0]!.getValue());

/** The words of CMD or HEALTHCHECK, written as a list. @throws SyntaxError where it is none */
export function commandOf(keyword: "CMD" | "HEALTHCHECK"): string[] {
  const [text = ""] = image(keyword);
  return JSON.parse(text.slice(text.indexOf("["))) as string[];
}

/** The names that CMD lets the node read of its environment. */
export function allowedNames(): string[] {
  const prefix = "--allow-env=";
  return commandOf("CMD").filter((word) => word.startsWith(prefix)).flatMap((it) => it.slice(prefix.length).split(","));
}

/** What the build takes from the project, by path. */
export const copied = image("COPY", "build").flatMap((it) => it.split(" ").slice(0, -1));
