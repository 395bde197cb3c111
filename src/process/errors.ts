/** The crypto store failed a statement: what the Rust store holds in memory is not durable. */
export class CryptoStoreError extends Error {
  override readonly name = "CryptoStoreError";
}

/** Another process may own the accounts from now on: nothing more may be written. */
export class OwnershipLostError extends Error {
  override readonly name = "OwnershipLostError";
}
