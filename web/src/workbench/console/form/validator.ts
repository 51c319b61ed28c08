/**
 * Validates what a form holds against a JSON Schema. It interprets schemas (@cfworker/json-schema):
 * what the form library usually takes compiles them to code, which the page's policy forbids.
 */

import { Validator, type OutputUnit, type Schema as CfSchema } from "@cfworker/json-schema";
import { createErrorHandler, toErrorSchema, unwrapErrorHandler, validationDataMerge } from "@rjsf/utils";
import type { RJSFSchema, RJSFValidationError, ValidatorType } from "@rjsf/utils";

const DRAFT = "2020-12";
/** They only say that something within does not match, and what that is comes by itself. */
const WITHIN = new Set([
  "properties",
  "patternProperties",
  "additionalProperties",
  "items",
  "prefixItems",
  "allOf",
  "$ref",
  "if",
]);
const MISSING = /^Instance does not have required property "(.*)"\.$/;
/** An item of an array that was added and not filled in. */
const EMPTY = /^Instance type "null" is invalid\./;

const validators = new WeakMap<object, Validator>();

function unitsOf(schema: RJSFSchema, data: unknown): OutputUnit[] {
  let validator = validators.get(schema);
  if (validator === undefined) {
    validator = new Validator(schema as CfSchema, DRAFT, false);
    validators.set(schema, validator);
  }
  // What was never filled in is undefined in a form, and absent in JSON.
  const plain: unknown = data === undefined ? null : JSON.parse(JSON.stringify(data));
  const { errors } = validator.validate(plain);
  const told = errors.filter(({ keyword }) => !WITHIN.has(keyword));
  return told.length > 0 ? told : errors;
}

function errorOf({ keyword, instanceLocation, keywordLocation, error }: OutputUnit): RJSFValidationError {
  const path = instanceLocation.split("/").slice(1).map(unescaped);
  const missing = keyword === "required" ? MISSING.exec(error)?.[1] : undefined;
  if (missing !== undefined) path.push(missing);
  const empty = missing !== undefined || (keyword === "type" && EMPTY.test(error));
  const message = empty ? "This is required." : error;
  return {
    name: keyword,
    message,
    property: path.map((name) => `.${name}`).join(""),
    schemaPath: keywordLocation,
    stack: `${path.join(".")}: ${message}`,
  };
}

/** A part of a JSON pointer (RFC 6901), as a fragment of a URI. */
function unescaped(part: string): string {
  return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
}

export const validator: ValidatorType = {
  rawValidation(schema, data) {
    return { errors: unitsOf(schema, data) as never[] };
  },
  isValid(schema, data, root) {
    const known = { ...schema, $defs: { ...root.$defs, ...schema.$defs } };
    return unitsOf(known, data).length === 0;
  },
  validateFormData(data, schema, customValidate, transformErrors, uiSchema) {
    const found = unitsOf(schema, data).map(errorOf);
    const errors = transformErrors ? transformErrors(found, uiSchema) : found;
    const own = { errors, errorSchema: toErrorSchema(errors) };
    if (customValidate === undefined) return own;
    const handler = customValidate(data, createErrorHandler(data), uiSchema, own.errorSchema);
    return validationDataMerge(own, unwrapErrorHandler(handler));
  },
};
