/** A value that a valibot schema accepts, found by looking into the schema: what fuzzing of a method begins with. */
import { type GenericSchema, safeParse } from "valibot";

/** What schemas of ours are made of, as far as this needs to know. */
interface Inside {
  readonly type: string;
  readonly entries?: Readonly<Record<string, GenericSchema>>;
  readonly items?: readonly GenericSchema[];
  readonly item?: GenericSchema;
  readonly wrapped?: GenericSchema;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly pipe?: readonly GenericSchema[];
}

const texts = ["a", "fd", "/a/b", "first", "00112233445566778899aabbccddeeff", "ab".repeat(32), "stat"].concat(
  ["bafyreibwyfm5o22s4a7esy3dmb6fsqbcp5rpjyci342ewbiblg6jpo5d24"],
  ["bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"],
  ["12D3KooWGjMCwFYfUjRBLL9yQCqmCTGYr7hSGRiGtHsZP5FwAnXr"],
);
const leaves = [
  ...texts,
  0,
  1,
  2,
  5,
  1000,
  1_700_000_000_000,
  ...[0, 1, 16, 32, 33, 40, 64].map((length) => new Uint8Array(length).fill(length)),
  true,
  null,
  undefined,
];

/** A value for `schema`; with `isFull`, one in which nothing is left out. Fails when none is found. */
export function sampleOf(schema: GenericSchema, isFull: boolean): unknown {
  const value = composed(schema, isFull);
  if (safeParse(schema, value).success) return value;
  const leaf = leaves.find((candidate) => safeParse(schema, candidate).success);
  if (leaf === undefined) throw new Error(`no sample of a schema: ${(schema as unknown as Inside).type}`);
  return leaf;
}

function composed(schema: GenericSchema, isFull: boolean): unknown {
  const inside = schema as unknown as Inside;
  switch (inside.type) {
    case "object":
    case "strict_object":
      return Object.fromEntries(
        Object.entries(inside.entries ?? {})
          .filter(([, part]) => isFull || (part as unknown as Inside).type !== "optional")
          .map(([name, part]) => [name, sampleOf(part, isFull)]),
      );
    case "array":
      if (!isFull && safeParse(schema, []).success) return [];
      return Array.from({ length: isFull ? 2 : 1 }, () => sampleOf(inside.item as GenericSchema, isFull));
    case "tuple":
    case "strict_tuple":
      return inside.items?.map((part) => sampleOf(part, isFull));
    case "optional":
    case "nullable":
      return inside.wrapped === undefined || !isFull ? null : sampleOf(inside.wrapped, isFull);
    case "union":
    case "variant":
      return sampleOf(inside.options?.at(isFull ? -1 : 0) as GenericSchema, isFull);
    case "picklist":
      return inside.options?.[0];
    case "literal":
      return inside.literal;
    default:
      return leaves.find((candidate) => safeParse(schema, candidate).success);
  }
}
