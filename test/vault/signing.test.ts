import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isSignedBy, Signer } from "../../src/vault/signing.ts";

describe("the signer of a deployment", () => {
  const masterKey = randomBytes(32);

  it("has the same key whenever it is made from the same master key", () => {
    expect(new Signer(masterKey).publicKey).toBe(new Signer(masterKey).publicKey);
    expect(new Signer(randomBytes(32)).publicKey).not.toBe(new Signer(masterKey).publicKey);
  });

  it("signs one text for one purpose", () => {
    const signature = new Signer(masterKey).sign("log", "text");
    expect(isSignedBy(signature, "log", "text")).toBe(true);
    expect(isSignedBy(signature, "log", "other")).toBe(false);
    expect(isSignedBy(signature, "certificate", "text")).toBe(false);
    const { publicKey } = new Signer(randomBytes(32));
    expect(isSignedBy({ ...signature, publicKey }, "log", "text")).toBe(false);
  });

  it("accepts one spelling of a signature only", () => {
    const { publicKey, signature } = new Signer(masterKey).sign("log", "text");
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const others = [...alphabet].map((last) => signature.slice(0, -1) + last);
    const accepted = others.filter((other) =>
      isSignedBy({ publicKey, signature: other }, "log", "text"),
    );
    expect(accepted).toEqual([signature]);
    expect(isSignedBy({ publicKey: "", signature: "?" }, "log", "text")).toBe(false);
  });
});
