/** What a form shows of a tool's schema, and what of the form is sent. */

import type { UiSchema } from "@rjsf/utils";
import type { Schema } from "../tools";

/** Filled in by the page; a person changes them under "Advanced". */
export const ADDRESS_FIELDS = ["session_id", "notebook_path"];
/** Names of properties that hold text of several lines. */
const TEXT = /(^|_)(source|code|script|content|string)$/;

/** The schema without null: an optional value that is null is one that is not given. */
export function formSchema(schema: Schema): Schema {
  const made: Schema = { ...schema };
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type) => type !== "null");
    made.type = types.length === 1 ? (types[0] as string) : types;
  }
  if (schema.enum !== undefined) made.enum = schema.enum.filter((value) => value !== null);
  if (schema.properties !== undefined) {
    made.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => {
        const { minItems, ...part } = formSchema(property);
        // An optional array that is empty is not sent.
        const optional = minItems === undefined || !schema.required?.includes(name);
        return [name, optional ? part : { ...part, minItems }];
      }),
    );
  }
  if (schema.items !== undefined) made.items = formSchema(schema.items);
  return made;
}

/** How the form shows the properties of a schema that `formSchema` made. */
export function uiSchema(schema: Schema, hidden: readonly string[]): UiSchema {
  const made: UiSchema = {};
  const required = new Set(schema.required ?? []);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    made[name] = hidden.includes(name)
      ? { "ui:widget": "hidden" }
      : uiOf(name, property, required.has(name), !hidden.includes(name));
  }
  return made;
}

function uiOf(name: string, schema: Schema, required: boolean, top: boolean): UiSchema {
  if (schema.type === "object") return uiSchema(schema, []);
  if (schema.type === "array" && schema.items) return { items: uiOf(name, schema.items, true, false) };
  if (schema.type !== "string" || schema.enum !== undefined) return {};
  const several = TEXT.test(name) || (top && required && schema.maxLength === undefined);
  if (several) return { "ui:widget": "textarea", "ui:emptyValue": "" };
  return required ? { "ui:emptyValue": "" } : {};
}

/** The arguments to send: without what was left empty, and without defaults, which need no telling. */
export function given(schema: Schema, data: Record<string, unknown>): Record<string, unknown> {
  const required = new Set(schema.required ?? []);
  return Object.fromEntries(
    Object.entries(data).filter(([name, value]) => {
      if (value === undefined || value === null) return false;
      if (required.has(name)) return true;
      if (Array.isArray(value) && value.length === 0) return false;
      return value !== schema.properties?.[name]?.default;
    }),
  );
}
