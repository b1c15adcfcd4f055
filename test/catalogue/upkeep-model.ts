/**
 * What retention, collecting and chains promise, in a few maps, and random steps to hold against it: three peers with a
 * shelf each, few names, few contents, a policy that changes, and a clock that goes on by a few ticks.
 */
import * as fc from "fast-check";
import type { OperationOf } from "../../src/catalogue/operation.ts";
import type { FileKey, NodeId, ShelfId } from "../../src/core/ids.ts";
import { copiesDefault, retainMsDefault, retainRevisionsDefault } from "../../src/core/limits.ts";

/** A name, a shelf or a peer among three. */
const place = fc.nat(2);
const links = fc.uniqueArray(
  fc.record({ peer: place, keepsFrom: fc.integer({ min: 2, max: 3 }), hasFrom: fc.nat(3), isFilled: fc.boolean() }),
  {
    selector: ({ peer }) => peer,
    minLength: 1,
  },
);

/** What somebody does, before it is known what is there. */
const actions = {
  put: {
    weight: 8,
    fields: { name: place, content: fc.nat(4), shelf: place, copiesWanted: fc.nat(3) },
  },
  putForAWhile: { weight: 1, fields: { name: place, lifeMs: fc.integer({ min: 1, max: 5 }) } },
  putByAnotherEpoch: { weight: 1, fields: { name: place, shelf: place, offset: fc.constantFrom(-1, 1) } },
  copy: { weight: 2, fields: { from: place, to: place } },
  remove: { weight: 2, fields: { name: place } },
  replace: { weight: 1, fields: { from: place, to: place } },
  expire: { weight: 1, fields: {} },
  collect: { weight: 6, fields: {} },
  setPolicy: {
    weight: 2,
    fields: {
      copies: fc.option(fc.integer({ min: 1, max: 4 })),
      retainRevisions: fc.option(fc.integer({ min: 1, max: 4 })),
      retainMs: fc.option(fc.nat(6)),
    },
  },
  forgetDrops: { weight: 2, fields: { shelf: place, limit: fc.integer({ min: 1, max: 3 }) } },
  orderChain: { weight: 2, fields: { shelf: place, links } },
  reportLink: { weight: 1, fields: { shelf: place, link: place, hasFrom: fc.nat(3) } },
  loseDisk: { weight: 1, fields: { peer: place } },
} as const;

type Fields<F> = { readonly [Name in keyof F]: F[Name] extends fc.Arbitrary<infer Value> ? Value : never };
export type Action = {
  [Type in keyof typeof actions]: { readonly type: Type } & Fields<(typeof actions)[Type]["fields"]>;
}[keyof typeof actions];

/** Actions with the ticks between them. */
export const anySteps: fc.Arbitrary<readonly { readonly afterMs: number; readonly action: Action }[]> = fc.array(
  fc.record({
    afterMs: fc.nat(3),
    action: fc.oneof(
      ...Object.entries(actions).map(([type, { weight, fields }]) => ({
        weight,
        arbitrary: fc.record({ type: fc.constant(type), ...fields }) as fc.Arbitrary<unknown> as fc.Arbitrary<Action>,
      })),
    ),
  }),
  { minLength: 1, maxLength: 60, size: "max" },
);

export interface ModelRevision {
  readonly node: NodeId;
  readonly revision: number;
  readonly fileKey: FileKey;
  readonly shelf: ShelfId;
  readonly sizeBytes: number;
  readonly sealedBytes: number;
  readonly addedBytes: number;
  readonly copiesWanted: number;
  /** When its file ceased to keep it; null while it does. */
  readonly outMs: number | null;
}

interface ModelFile {
  readonly node: NodeId;
  readonly revision: number;
  readonly expiresMs: number | null;
}

/** The content of a new revision. */
type Content = Pick<OperationOf<"putFile">, "fileKey" | "sizeBytes" | "sealedBytes" | "addedBytes" | "copiesWanted"> & {
  readonly shelf: ShelfId;
};

type PolicyChange = Pick<OperationOf<"setPolicy">, "copies" | "retainRevisions" | "retainMs">;

/** What should be kept, and what may go. */
export class KeptModel {
  copies = copiesDefault;
  retainRevisions = retainRevisionsDefault;
  retainMs = retainMsDefault;
  /** Live files by their names. */
  readonly files = new Map<string, ModelFile>();
  revisions: ModelRevision[] = [];
  /** `shelf/key` of what is to be dropped. */
  readonly drops = new Set<string>();
  readonly copiesMax = new Map<ShelfId, number>();

  /** A file has a new revision, its first one or the next. */
  commit(name: string, node: NodeId, content: Content, expiresMs: number | null, timeMs: number): void {
    const revision = (this.files.get(name)?.revision ?? 0) + 1;
    this.files.set(name, { node, revision, expiresMs });
    this.revisions.push({ ...content, node, revision, outMs: null });
    this.drops.delete(`${content.shelf}/${content.fileKey}`);
    this.copiesMax.set(content.shelf, Math.max(this.copiesMax.get(content.shelf) ?? 0, content.copiesWanted));
    this.#review(timeMs);
  }

  /** A file has ended. */
  end(name: string, timeMs: number): void {
    this.files.delete(name);
    this.#review(timeMs);
  }

  /** A file has another name, and takes the place of what had it. */
  rename(from: string, to: string, timeMs: number): void {
    const file = this.files.get(from);
    if (file === undefined) return;
    this.files.delete(from);
    this.files.set(to, file);
    this.#review(timeMs);
  }

  setPolicy({ copies, retainRevisions, retainMs }: PolicyChange, timeMs: number): void {
    this.copies = copies ?? this.copies;
    this.retainRevisions = retainRevisions ?? this.retainRevisions;
    this.retainMs = retainMs ?? this.retainMs;
    this.#review(timeMs);
  }

  /** Whether the revision may be removed by now. */
  mayGo({ outMs }: ModelRevision, timeMs: number): boolean {
    return outMs !== null && outMs + this.retainMs <= timeMs;
  }

  /** These revisions were removed. */
  forget(removed: readonly ModelRevision[]): void {
    this.revisions = this.revisions.filter((revision) => !removed.includes(revision));
    for (const { shelf, fileKey } of removed) if (!this.names(shelf, fileKey)) this.drops.add(`${shelf}/${fileKey}`);
  }

  names(shelf: ShelfId, fileKey: FileKey): boolean {
    return this.of(shelf).some((revision) => revision.fileKey === fileKey);
  }

  of(shelf: ShelfId): readonly ModelRevision[] {
    return this.revisions.filter((revision) => revision.shelf === shelf);
  }

  /** Notes what is no longer kept by right, and what is again. */
  #review(timeMs: number): void {
    const current = new Map([...this.files.values()].map(({ node, revision }) => [node, revision]));
    this.revisions = this.revisions.map((each) => {
      const newest = current.get(each.node);
      const isKept = newest !== undefined && newest - each.revision < this.retainRevisions;
      return { ...each, outMs: isKept ? null : (each.outMs ?? timeMs) };
    });
  }
}
