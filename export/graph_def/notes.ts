/**
 * Texts inside a graph: constants that nothing uses, which TensorFlow loads and passes over.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { create } from "npm:@bufbuild/protobuf@2.17.0";
import { attributeOf, tensorAttribute } from "../../formats/graph_def/attributes.ts";
import { type GraphDef, type NodeDef, NodeDefSchema } from "../../formats/graph_def/graph_pb.ts";

/** The scope of the constants. */
export const NOTES_SCOPE = "wgslim";

/** One constant string for each text, named by its key below {@linkcode NOTES_SCOPE}. */
export function noteNodes(notes: ReadonlyMap<string, string>): NodeDef[] {
  const encoder = new TextEncoder(), dtype = attributeOf.dtype("string");
  return [...notes].map(([key, text]) => {
    const value = attributeOf.tensor({ dtype: "string", shape: [], data: [encoder.encode(text)] });
    return create(NodeDefSchema, { name: `${NOTES_SCOPE}/${key}`, op: "Const", attr: { dtype, value } });
  });
}

/** The texts by their keys; none where there are no such constants. */
export function readNotes({ node }: GraphDef): Map<string, string> {
  const notes = new Map<string, string>();
  for (const constant of node) {
    if (constant.op !== "Const" || !constant.name.startsWith(`${NOTES_SCOPE}/`)) continue;
    const tensor = tensorAttribute(constant, "value");
    if (tensor?.dtype !== "string" || tensor.data.length !== 1) continue;
    notes.set(constant.name.slice(NOTES_SCOPE.length + 1), new TextDecoder().decode(tensor.data[0]));
  }
  return notes;
}
