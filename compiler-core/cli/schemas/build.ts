/** Short constructors for JSON Schemas (draft 2020-12), so that a schema reads like the object it describes. */

export type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: "string" };
export const flag: Schema = { type: "boolean" };
export const whole: Schema = { type: "integer" };
/** A count or size: whole, or text beyond 2^53. */
export const count: Schema = {
  anyOf: [
    { type: "integer", minimum: 0 },
    { type: "string", pattern: "^[0-9]+$" },
  ],
};
/** A number, or the text of one that JSON cannot hold. */
export const number: Schema = { anyOf: [{ type: "number" }, { enum: ["NaN", "Infinity", "-Infinity"] }] };
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });
export const oneOf = (...values: readonly string[]): Schema => ({ enum: values });
export const list = (items: Schema): Schema => ({ type: "array", items });
export const pair = (items: Schema): Schema => ({ type: "array", items, minItems: 2, maxItems: 2 });
export const byName = (values: Schema): Schema => ({ type: "object", additionalProperties: values });
/** An object with exactly these members; those of `optional` may be missing. */
export const record = (members: Readonly<Record<string, Schema>>, optional: Readonly<Record<string, Schema>> = {}): Schema => ({
  type: "object",
  properties: { ...members, ...optional },
  required: Object.keys(members),
  additionalProperties: false,
});
