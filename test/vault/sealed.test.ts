import { expectTypeOf, it } from "vitest";
import type { Database } from "../../src/db/schema.ts";
import type { Sealed } from "../../src/vault/sealed.ts";

// Held by the type check of `npm run check`: what fails here does not compile.

it("no sealed column takes plain text, nor what was sealed with another type of content", () => {
  expectTypeOf<string>().not.toExtend<Database["case_file"]["profile"]>();
  expectTypeOf<string>().not.toExtend<Database["outbox"]["payload"]>();
  expectTypeOf<string>().not.toExtend<Database["account"]["recovery_key"]>();
  expectTypeOf<Sealed<number>>().not.toExtend<Database["account"]["recovery_key"]>();
  expectTypeOf<Sealed<string>>().toExtend<Database["account"]["recovery_key"]>();
});

it("only the vault makes sealed values: a string becomes none by itself", () => {
  expectTypeOf<string>().not.toExtend<Sealed<string>>();
  expectTypeOf<Sealed<string>>().toExtend<string>();
});
