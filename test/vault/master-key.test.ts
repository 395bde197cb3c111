import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ensureMasterKeyFile, readMasterKey } from "../../src/vault/master-key.ts";

const folder = mkdtempSync(join(tmpdir(), "rogatory-key-"));

describe("the master key", () => {
  it("is made once, for its owner only, and never replaced", () => {
    const path = join(folder, "master.key");
    ensureMasterKeyFile(path);
    const first = readFileSync(path, "utf8");
    ensureMasterKeyFile(path);
    expect(readFileSync(path, "utf8")).toBe(first);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readMasterKey({ file: path })).toHaveLength(32);
  });

  it("is refused with a sentence that does not repeat it when it is malformed", () => {
    expect(() => readMasterKey({ value: "s3cret" })).toThrow(/64 hexadecimal digits/);
    expect(() => readMasterKey({ value: "s3cret" })).not.toThrow(/s3cret/);
  });

  it("says what to configure when there is none", () => {
    expect(() => readMasterKey({})).toThrow(/ROGATORY_MASTER_KEY/);
    expect(() => readMasterKey({ file: join(folder, "absent") })).toThrow(/cannot be read/);
  });
});
