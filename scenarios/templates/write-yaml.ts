/** A scenario or drill as YAML, with a comment before each field. */
import { Document, isMap, isScalar, isSeq, type Pair, type Scalar, visit } from 'yaml';
import { FIELD_COMMENTS, type TemplateKind } from './comments.ts';
import type { PlainFields } from './plain-scenario.ts';

const COLUMNS = 100;

/** `header` stands above everything; `schema` is where an editor finds the JSON Schema. */
export function writeYaml(
  kind: TemplateKind,
  fields: PlainFields,
  header: readonly string[],
  schema: string,
): string {
  const document = new Document(fields, { aliasDuplicateObjects: false });
  const comments = FIELD_COMMENTS[kind];
  visit(document, {
    Pair(_, pair: Pair, path) {
      if (path.length !== 2 || !isScalar(pair.key)) return;
      const key = pair.key as Scalar;
      const lines = comments[String(key.value)];
      if (lines === undefined) return;
      key.commentBefore = lines.map((line) => ` ${line}`).join('\n');
      key.spaceBefore = true;
    },
    // Short lists and tables on one line, as people write them; a fault or a condition a line.
    Collection(_, node, path) {
      const hasTables = isSeq(node) && node.items.some((item) => isMap(item));
      if (
        path.length > 2 &&
        !hasTables &&
        JSON.stringify(node).length < COLUMNS - 2 * path.length
      ) {
        node.flow = true;
      }
    },
  });
  const top = [`# yaml-language-server: $schema=${schema}`, ...header.map((line) => `# ${line}`)];
  return `${top.join('\n')}\n${document.toString({ lineWidth: COLUMNS, singleQuote: true })}`;
}
